/*
 * Holds IP packets back between pairs of TUN devices: delay, jitter and loss for test/lab, where the kernel
 * may have no netem. A TUN device without offload flags hands over packets of at most one MTU with finished
 * checksums, so nothing in a packet needs to be touched. Packets of a direction never overtake each other.
 *
 * Commands, one per line on stdin, each answered on stdout with "ok" or "error REASON":
 *   link NETNS_A DEV_A NETNS_B DEV_B DELAY_US JITTER_US LOSS_PPM   joins two TUN devices; links count from 0
 *   set LINK DELAY_US JITTER_US LOSS_PPM                           from the next packet on
 * NETNS_x are paths. The program stays in the last NETNS_B and ends with its stdin.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINKS 256
#define MAX_QUEUED 16384 /* packets a direction; beyond it the newest is dropped, as a full router queue does */
#define READ_BATCH 64    /* packets read from one device before the others get their turn */
#define TIMER_SLACK_NS 20000
#define NEVER INT64_MAX

struct packet {
    struct packet *next;
    int64_t due_ns;
    size_t length;
    unsigned char bytes[];
};

struct direction {
    int source, sink; /* indices into devices[] */
    struct packet *first, *last;
    int queued;
};

struct link {
    int64_t delay_ns, jitter_ns;
    uint32_t loss_ppm;
    struct direction directions[2];
};

static struct link links[MAX_LINKS];
static int link_count;
static struct pollfd devices[1 + 2 * MAX_LINKS]; /* [0] is stdin, link i has [1 + 2i] and [2 + 2i] */

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* xorshift64 with a fixed seed: runs can be repeated. */
static uint64_t next_random(void) {
    static uint64_t state = 0x9e3779b97f4a7c15;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static int64_t due_time(const struct link *link, const struct direction *direction, int64_t now) {
    int64_t due = now + link->delay_ns;
    if (link->jitter_ns > 0) due += (int64_t)(next_random() % (2 * link->jitter_ns + 1)) - link->jitter_ns;
    if (direction->last && due < direction->last->due_ns) due = direction->last->due_ns;
    return due;
}

static void enqueue(struct link *link, struct direction *direction, const void *bytes, size_t length, int64_t now) {
    if (direction->queued >= MAX_QUEUED || next_random() % 1000000 < link->loss_ppm) return;
    struct packet *packet = malloc(sizeof *packet + length);
    if (!packet) return;
    *packet = (struct packet){.due_ns = due_time(link, direction, now), .length = length};
    memcpy(packet->bytes, bytes, length);
    if (direction->last) direction->last->next = packet;
    else direction->first = packet;
    direction->last = packet;
    direction->queued++;
}

static void receive(struct link *link, struct direction *direction, int64_t now) {
    static unsigned char bytes[65536];
    struct pollfd *source = &devices[direction->source];
    for (int i = 0; i < READ_BATCH; i++) {
        ssize_t length = read(source->fd, bytes, sizeof bytes);
        if (length > 0) {
            enqueue(link, direction, bytes, (size_t)length, now);
        } else {
            if (length < 0 && errno != EAGAIN && errno != EINTR) source->fd = -1; /* deleted: poll skips it */
            return;
        }
    }
}

static void send_due(struct direction *direction, int64_t now) {
    while (direction->first && direction->first->due_ns <= now) {
        struct packet *packet = direction->first;
        /* A failed write is a lost packet: the device is down (EIO) or gone. */
        ssize_t written = write(devices[direction->sink].fd, packet->bytes, packet->length);
        (void)written;
        direction->first = packet->next;
        if (!direction->first) direction->last = NULL;
        direction->queued--;
        free(packet);
    }
}

static int open_tun(const char *netns_path, struct ifreq *request) {
    int netns = open(netns_path, O_RDONLY | O_CLOEXEC);
    if (netns < 0) return -1;
    int entered = setns(netns, CLONE_NEWNET);
    close(netns);
    if (entered < 0) return -1;
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    request->ifr_flags = IFF_TUN | IFF_NO_PI;
    if (fd >= 0 && ioctl(fd, TUNSETIFF, request) < 0) {
        int reason = errno;
        close(fd);
        errno = reason;
        return -1;
    }
    return fd;
}

static const char *add_link(const char *line) {
    char netns[2][256];
    struct ifreq device[2] = {0};
    long long delay_us, jitter_us;
    unsigned loss_ppm;
    if (sscanf(line, "link %255s %15s %255s %15s %lld %lld %u", netns[0], device[0].ifr_name, netns[1],
               device[1].ifr_name, &delay_us, &jitter_us, &loss_ppm) != 7)
        return "malformed link";
    if (link_count == MAX_LINKS) return "too many links";
    int first = 1 + 2 * link_count;
    for (int side = 0; side < 2; side++) {
        int fd = open_tun(netns[side], &device[side]);
        if (fd < 0) return strerror(errno);
        devices[first + side] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    links[link_count++] = (struct link){
        .delay_ns = delay_us * 1000,
        .jitter_ns = jitter_us * 1000,
        .loss_ppm = loss_ppm,
        .directions = {{.source = first, .sink = first + 1}, {.source = first + 1, .sink = first}},
    };
    return NULL;
}

static const char *set_link(const char *line) {
    int index;
    long long delay_us, jitter_us;
    unsigned loss_ppm;
    if (sscanf(line, "set %d %lld %lld %u", &index, &delay_us, &jitter_us, &loss_ppm) != 4) return "malformed set";
    if (index < 0 || index >= link_count) return "no such link";
    links[index].delay_ns = delay_us * 1000;
    links[index].jitter_ns = jitter_us * 1000;
    links[index].loss_ppm = loss_ppm;
    return NULL;
}

static void obey(const char *line) {
    const char *error = strncmp(line, "link ", 5) == 0  ? add_link(line)
                        : strncmp(line, "set ", 4) == 0 ? set_link(line)
                                                        : "unknown command";
    if (error) printf("error %s\n", error);
    else puts("ok");
    fflush(stdout);
}

static void read_commands(void) {
    static char pending[4096];
    static size_t used;
    ssize_t length = read(STDIN_FILENO, pending + used, sizeof pending - 1 - used);
    if (length <= 0) exit(0);
    used += (size_t)length;
    pending[used] = '\0';
    char *line = pending;
    for (char *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        obey(line);
    }
    used = (size_t)(pending + used - line);
    memmove(pending, line, used);
}

static int64_t next_due(void) {
    int64_t earliest = NEVER;
    for (int i = 0; i < 2 * link_count; i++) {
        struct packet *first = links[i / 2].directions[i % 2].first;
        if (first && first->due_ns < earliest) earliest = first->due_ns;
    }
    return earliest;
}

static void wait_until(int64_t due) {
    int64_t wait = due == NEVER ? 0 : due - now_ns();
    if (wait < 0) wait = 0;
    struct timespec timeout = {.tv_sec = wait / 1000000000, .tv_nsec = wait % 1000000000};
    if (ppoll(devices, 1 + 2 * (nfds_t)link_count, due == NEVER ? NULL : &timeout, NULL) >= 0) return;
    for (int i = 0; i <= 2 * link_count; i++) devices[i].revents = 0;
}

int main(void) {
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
    setpriority(PRIO_PROCESS, 0, -10); /* busy tests share the machine; refused is fine */
    devices[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    for (;;) {
        wait_until(next_due());
        if (devices[0].revents) read_commands();
        int64_t now = now_ns();
        for (int i = 0; i < 2 * link_count; i++) {
            struct direction *direction = &links[i / 2].directions[i % 2];
            if (devices[direction->source].revents) receive(&links[i / 2], direction, now);
            send_due(direction, now);
        }
    }
}
