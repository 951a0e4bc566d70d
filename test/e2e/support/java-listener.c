/*
 * Listens to a group as a Java program does that uses a MulticastSocket, which is how Minecraft looks for games in its LAN: an IPv6
 * socket for both families, bound to all addresses, with a port that others may have, too; a member of the IPv4 group by the
 * interface of the default route; deaf to groups that it has not joined (IP_MULTICAST_ALL).
 *
 *   java-listener PORT GROUP     prints "ready", then each datagram, and where it came from
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int count, char **words) {
  if (count != 3) return 2;
  int one = 1, zero = 0;
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof zero);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &zero, sizeof zero);
  struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons(atoi(words[1])), .sin6_addr = in6addr_any};
  struct ip_mreqn group = {0};
  if (inet_pton(AF_INET, words[2], &group.imr_multiaddr) != 1) return 2;
  if (bind(fd, (struct sockaddr *)&name, sizeof name) || setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group)) {
    perror("java-listener");
    return 1;
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  puts("ready");
  for (;;) {
    char text[1024], address[INET6_ADDRSTRLEN];
    struct sockaddr_in6 from;
    socklen_t bytes = sizeof from;
    ssize_t length = recvfrom(fd, text, sizeof text, 0, (struct sockaddr *)&from, &bytes);
    if (length < 0) return 1;
    inet_ntop(AF_INET6, &from.sin6_addr, address, sizeof address);
    printf("%.*s from %s:%d\n", (int)length, text, address, ntohs(from.sin6_port));
  }
}
