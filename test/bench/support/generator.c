/*
 * Loads a relay between network namespaces and measures what comes out: one process with sockets in all of
 * them, so that one clock times a datagram's way. One thread sends in batches at a given pace and reads what has
 * arrived in between, which leaves the other processor to the relay.
 *
 * Commands, one per line on stdin, each answered on stdout with "ok …" or "error REASON":
 *   socket NETNS ADDRESS              binds a UDP socket to any port; answers its number and port
 *   send SOCKET ADDRESS PORT HEX      one datagram
 *   receive SOCKET TIMEOUT_MS         the next datagram in hex
 *   flow FROM TO ADDRESS PORT INDEX CHANNEL
 *                                     data messages from a socket that arrive at another; flows come in pairs, there
 *                                     and back. CHANNEL is 0, or a channel of RFC 8656 to wrap them in
 *   load PER_SECOND BYTES MS          sends on all flows; answers SENT RECEIVED TURNS_PER_MS
 *   flood PER_SECOND BYTES MS         the same while the idle thread sleeps, and with few datagrams this one between
 *                                     bursts; answers SENT RECEIVED
 *   echo PER_SECOND BYTES MS          sends on the first of each pair, answers on the second; answers SENT RECEIVED
 *                                     P50_NS P99_NS of the way there and back
 *   junk NETNS ADDRESS PORT KIND PER_SECOND
 *                                     while the other commands run, datagrams that no player would send go there as
 *                                     well, from KIND's alphabet below and from JUNK_SOURCES false addresses
 *   calm                              ends that; answers how many were SENT
 *   idle CPU                          starts a thread there that turns in a loop while the relay has nothing to do
 *   clear                             closes all sockets and forgets the flows
 * KIND is noise (random bytes), initiation, response or data: of WireGuard's form, with random contents.
 * NETNS is a path. BYTES are those of a WireGuard data message, its header included.
 *
 * Turns are how interrupts are measured. Linux, unless built to account them exactly, puts the time of an interrupt on
 * the account of the thread that it interrupts, so the idle thread turns less often in each millisecond of its own.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MAX_SOCKETS 8192
#define MAX_FLOWS 8192
#define MAX_BYTES 1452
#define MAX_LINE 8192
#define BATCH 16           /* datagrams a system call, all of one flow */
#define MAX_SAMPLES 200000 /* of the way there and back, in one run */
#define DRAIN_NS 100000000LL
#define LONGEST_DRAIN_NS 2000000000LL /* of a flood: a relay that had to wait for a processor is late, and loses nothing */
#define CHANNEL_HEADER 4
#define STAMP 8 /* the last bytes of a datagram hold the time of its sending */
#define BURST_NS 200000 /* datagrams leave in bursts, as interrupts of network cards come */
#define FEW_PER_SECOND 10000 /* datagrams of a flood: no need to turn until the next is due */
#define JUNK_BATCH 20 /* so many every BURST_NS are 100,000 a second */
#define JUNK_SOURCES 250
#define JUNK_NETWORK 0xc6120000 /* 198.18.0.0/15, for benchmarks (RFC 2544) */
#define SHORTEST 32 /* of data messages (WireGuard paper, section 5.4.6) */

enum mode { LOAD, FLOOD, ECHO };

struct flow {
    int from, to;
    struct sockaddr_in destination;
    uint32_t index;
    uint16_t channel;
    uint64_t counter; /* from 1: who set up the session has sent the first message */
};

struct junk {
    struct iphdr ip;
    struct udphdr udp;
    unsigned char payload[256];
};

static const struct junk_kind {
    const char *name;
    uint32_t type;
    size_t bytes;
} junk_kinds[] = {{"noise", 0, 128}, {"initiation", 1, 148}, {"response", 2, 92}, {"data", 4, 128}};

static int junk_socket = -1;
static struct sockaddr_in junk_destination;
static const struct junk_kind *junk_kind;
static double junk_per_second;
static long junk_sent;
static int sockets[MAX_SOCKETS];
static int socket_count;
static struct flow flows[MAX_FLOWS];
static int flow_count;
static int64_t samples[MAX_SAMPLES];
static int sample_count;
static unsigned char out[BATCH * (MAX_BYTES + CHANNEL_HEADER)];
static unsigned char in[BATCH][2048];
static volatile uint64_t turns;
static volatile int is_turning;
static clockid_t idle_clock;

static int64_t time_of(clockid_t clock)
{
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int64_t now_ns(void)
{
    return time_of(CLOCK_MONOTONIC);
}

static void fail(const char *reason)
{
    printf("error %s\n", reason);
}

static struct sockaddr_in address_of(const char *text, unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    inet_pton(AF_INET, text, &address.sin_addr);
    return address;
}

static void open_socket(const char *netns, const char *text)
{
    struct sockaddr_in address = address_of(text, 0);
    socklen_t length = sizeof address;
    int buffer = 8 << 20, ns = open(netns, O_RDONLY | O_CLOEXEC);
    if (ns < 0 || setns(ns, CLONE_NEWNET) != 0 || socket_count == MAX_SOCKETS)
        return fail("no such namespace, or too many sockets");
    close(ns);
    int s = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    setsockopt(s, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer);
    setsockopt(s, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof buffer);
    if (bind(s, (struct sockaddr *)&address, sizeof address) != 0 ||
        getsockname(s, (struct sockaddr *)&address, &length) != 0)
        return fail(strerror(errno));
    sockets[socket_count] = s;
    printf("ok %d %u\n", socket_count++, ntohs(address.sin_port));
}

/* Headers of what it sends from now on: the time to live, and whether there are UDP checksums. */
static void set_header(int number, int ttl, int has_checksum)
{
    int has_none = !has_checksum;
    if (setsockopt(sockets[number], IPPROTO_IP, IP_TTL, &ttl, sizeof ttl) != 0 ||
        setsockopt(sockets[number], SOL_SOCKET, SO_NO_CHECK, &has_none, sizeof has_none) != 0)
        return fail(strerror(errno));
    puts("ok");
}

static void send_one(int number, const char *text, unsigned port, const char *hex)
{
    struct sockaddr_in to = address_of(text, port);
    unsigned char bytes[MAX_BYTES];
    size_t length = 0;
    for (; length < MAX_BYTES && sscanf(hex + 2 * length, "%2hhx", &bytes[length]) == 1; length++)
        ;
    if (sendto(sockets[number], bytes, length, 0, (struct sockaddr *)&to, sizeof to) < 0)
        return fail(strerror(errno));
    puts("ok");
}

static void receive_one(int number, int timeout_ms)
{
    struct pollfd wait = {.fd = sockets[number], .events = POLLIN};
    if (poll(&wait, 1, timeout_ms) != 1)
        return fail("nothing arrived");
    ssize_t length = recv(sockets[number], in[0], sizeof in[0], 0);
    printf("ok ");
    for (ssize_t at = 0; at < length; at++)
        printf("%02x", in[0][at]);
    putchar('\n');
}

static size_t write_data(unsigned char *at, struct flow *flow, size_t bytes, int64_t stamp)
{
    unsigned char *message = at + (flow->channel ? CHANNEL_HEADER : 0);
    uint32_t type = 4;
    if (flow->channel) {
        uint16_t header[2] = {htons(flow->channel), htons(bytes)};
        memcpy(at, header, sizeof header);
    }
    memcpy(message, &type, 4);
    memcpy(message + 4, &flow->index, 4);
    memcpy(message + 8, &flow->counter, 8);
    memcpy(message + bytes - STAMP, &stamp, STAMP);
    flow->counter++;
    return message + bytes - at;
}

/*
 * Returns how many were taken by the kernel; a full queue on the way is a loss like any other. The device that they
 * leave by cuts them apart (UDP_SEGMENT), so that the other processor is woken once for all of them.
 */
static int send_flow(struct flow *flow, int count, size_t bytes, int64_t stamp)
{
    char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
    size_t length = 0;
    uint16_t segment = 0;
    for (int i = 0; i < count; i++)
        length += segment = write_data(out + length, flow, bytes, stamp);
    struct iovec part = {out, length};
    struct msghdr message = {.msg_name = &flow->destination,
                             .msg_namelen = sizeof flow->destination,
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof control};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){CMSG_LEN(sizeof segment), SOL_UDP, UDP_SEGMENT};
    memcpy(CMSG_DATA(header), &segment, sizeof segment);
    return sendmsg(sockets[flow->from], &message, 0) < 0 ? 0 : count;
}

/* Reads what has arrived at the end of a flow; answers on `back`, or times it when that is null. */
static int read_flow(struct flow *flow, struct flow *back, size_t bytes, int times)
{
    struct mmsghdr messages[BATCH] = {0};
    struct iovec parts[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){in[i], sizeof in[i]};
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
    }
    int count = recvmmsg(sockets[flow->to], messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count && (back || times); i++) {
        int64_t stamp;
        memcpy(&stamp, in[i] + messages[i].msg_len - STAMP, STAMP);
        if (back)
            send_flow(back, 1, bytes, stamp);
        else if (sample_count < MAX_SAMPLES)
            samples[sample_count++] = now_ns() - stamp;
    }
    return count < 0 ? 0 : count;
}

static long read_all(int echo, size_t bytes)
{
    long received = 0;
    for (int i = 0; i < flow_count; i++) {
        struct flow *back = echo && i % 2 == 0 ? &flows[i + 1] : NULL;
        int count, rounds = 4;
        do {
            count = read_flow(&flows[i], back, bytes, echo);
            if (!back)
                received += count;
        } while (count == BATCH && --rounds > 0);
    }
    return received;
}

static int ascending(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return (one > other) - (one < other);
}

static void set_junk(const char *netns, const char *text, unsigned port, const char *name, double per_second)
{
    int ns = open(netns, O_RDONLY | O_CLOEXEC);
    junk_kind = NULL;
    for (size_t i = 0; i < sizeof junk_kinds / sizeof *junk_kinds; i++)
        if (strcmp(junk_kinds[i].name, name) == 0)
            junk_kind = &junk_kinds[i];
    if (ns < 0 || setns(ns, CLONE_NEWNET) != 0 || !junk_kind)
        return fail("no such namespace, or no such kind");
    close(ns);
    junk_socket = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
    if (junk_socket < 0)
        return fail(strerror(errno));
    junk_destination = address_of(text, port);
    junk_per_second = per_second;
    puts("ok");
}

static void calm(void)
{
    if (junk_socket >= 0)
        close(junk_socket);
    junk_socket = -1;
    printf("ok %ld\n", junk_sent);
    junk_sent = 0;
}

static void write_junk(struct junk *junk)
{
    static uint64_t state = 88172645463325252ULL; /* Marsaglia's xorshift64 */
    size_t bytes = junk_kind->bytes;
    for (size_t at = 0; at < bytes; at += sizeof state) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        memcpy(junk->payload + at, &state, sizeof state);
    }
    if (junk_kind->type)
        memcpy(junk->payload, &junk_kind->type, sizeof junk_kind->type);
    junk->ip = (struct iphdr){.version = 4,
                              .ihl = 5,
                              .ttl = 64,
                              .protocol = IPPROTO_UDP,
                              .saddr = htonl(JUNK_NETWORK + 1 + state % JUNK_SOURCES),
                              .daddr = junk_destination.sin_addr.s_addr};
    junk->udp = (struct udphdr){.source = htons(1024 + (state >> 32) % 60000),
                                .dest = junk_destination.sin_port,
                                .len = htons(sizeof junk->udp + bytes)};
}

/* What is due since the start, less what was left out; a program that is late does not catch up in one burst. */
static void send_junk(int64_t elapsed_ns, long *planned)
{
    static struct junk junk[JUNK_BATCH];
    struct mmsghdr messages[JUNK_BATCH] = {0};
    struct iovec parts[JUNK_BATCH];
    long due = (long)(elapsed_ns / BURST_NS * BURST_NS * junk_per_second / 1e9) - *planned;
    int count = due < JUNK_BATCH ? due : JUNK_BATCH;
    if (junk_socket < 0 || count <= 0)
        return;
    for (int i = 0; i < count; i++) {
        write_junk(&junk[i]);
        parts[i] = (struct iovec){&junk[i], sizeof junk->ip + sizeof junk->udp + junk_kind->bytes};
        messages[i].msg_hdr = (struct msghdr){.msg_name = &junk_destination,
                                              .msg_namelen = sizeof junk_destination,
                                              .msg_iov = &parts[i],
                                              .msg_iovlen = 1};
    }
    int sent = sendmmsg(junk_socket, messages, count, 0);
    junk_sent += sent < 0 ? 0 : sent;
    *planned += count;
}

/* A rate beyond this program shows in SENT. */
static void run(enum mode mode, double per_second, size_t bytes, int64_t duration_ns)
{
    long sent = 0, received = 0, planned = 0, junk_planned = 0;
    int echo = mode == ECHO, next = 0, step = echo ? 2 : 1, burst = echo ? 1 : BATCH;
    int naps = mode == FLOOD && per_second <= FEW_PER_SECOND;
    int64_t start = now_ns(), end = start + duration_ns, now;
    if (flow_count == 0 || bytes < SHORTEST || bytes > MAX_BYTES)
        return fail("no flow, or not a length of data");
    sample_count = 0;
    while (read_all(0, bytes) > 0)
        ;
    is_turning = mode == LOAD;
    int64_t turns_before = turns, idle_before = time_of(idle_clock);
    while ((now = now_ns()) < end) {
        int64_t until = echo ? now - start : (now - start) / BURST_NS * BURST_NS;
        long due = (long)(until * per_second / 1e9) - planned;
        for (int rounds = 4; due > 0 && rounds > 0; rounds--) {
            int count = due < burst ? due : burst;
            sent += send_flow(&flows[next], count, bytes, now_ns());
            next = (next + step) % flow_count;
            planned += count;
            due -= count;
        }
        send_junk(now - start, &junk_planned);
        received += read_all(echo, bytes);
        if (naps)
            usleep(BURST_NS / 1000);
    }
    double turned = turns - turns_before, idle_ms = (time_of(idle_clock) - idle_before) / 1e6;
    is_turning = 0;
    int64_t drained = end + DRAIN_NS, latest = end + (mode == FLOOD ? LONGEST_DRAIN_NS : DRAIN_NS);
    while ((now = now_ns()) < drained || (received < sent && now < latest)) {
        received += read_all(echo, bytes);
        if (naps)
            usleep(BURST_NS / 1000);
    }
    printf("ok %ld %ld", sent, received);
    if (mode == LOAD)
        printf(" %.1f", turned / idle_ms);
    if (mode == ECHO) {
        qsort(samples, sample_count, sizeof *samples, ascending);
        printf(" %ld %ld", sample_count ? (long)samples[sample_count / 2] : 0,
               sample_count ? (long)samples[sample_count * 99L / 100] : 0);
    }
    putchar('\n');
}

/* Behind all real-time threads, but well before whatever else the machine is busy with. */
static void *turn(void *unused)
{
    struct sched_param ordinary = {0};
    if (pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary) != 0 || setpriority(PRIO_PROCESS, gettid(), -19) != 0)
        return unused;
    for (;;) {
        if (!is_turning) {
            usleep(1000);
            continue;
        }
        turns++;
#if defined(__x86_64__) || defined(__i386__)
        __builtin_ia32_pause();
#endif
    }
    return unused;
}

static void start_idle(int cpu)
{
    pthread_t thread;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (pthread_create(&thread, NULL, turn, NULL) != 0 || pthread_getcpuclockid(thread, &idle_clock) != 0 ||
        pthread_setaffinity_np(thread, sizeof one, &one) != 0)
        return fail("no idle thread");
    puts("ok");
}

static void add_flow(int from, int to, const char *text, unsigned port, unsigned index, unsigned channel)
{
    if (flow_count == MAX_FLOWS)
        return fail("too many flows");
    flows[flow_count++] = (struct flow){from, to, address_of(text, port), index, channel, 1};
    puts("ok");
}

static void clear(void)
{
    while (socket_count > 0)
        close(sockets[--socket_count]);
    flow_count = 0;
    puts("ok");
}

static void obey(const char *line)
{
    static char text[MAX_LINE], address[MAX_LINE], hex[MAX_LINE];
    unsigned a, b, port, index, channel;
    double per_second;
    if (sscanf(line, "socket %s %s", text, hex) == 2)
        open_socket(text, hex);
    else if (sscanf(line, "header %u %u %u", &a, &b, &index) == 3)
        set_header(a, b, index);
    else if (sscanf(line, "send %u %s %u %s", &a, text, &port, hex) == 4)
        send_one(a, text, port, hex);
    else if (sscanf(line, "receive %u %u", &a, &b) == 2)
        receive_one(a, b);
    else if (sscanf(line, "flow %u %u %s %u %u %u", &a, &b, text, &port, &index, &channel) == 6)
        add_flow(a, b, text, port, index, channel);
    else if (sscanf(line, "load %lf %u %u", &per_second, &a, &b) == 3)
        run(LOAD, per_second, a, b * 1000000LL);
    else if (sscanf(line, "flood %lf %u %u", &per_second, &a, &b) == 3)
        run(FLOOD, per_second, a, b * 1000000LL);
    else if (sscanf(line, "echo %lf %u %u", &per_second, &a, &b) == 3)
        run(ECHO, per_second, a, b * 1000000LL);
    else if (sscanf(line, "junk %s %s %u %s %lf", text, address, &port, hex, &per_second) == 5)
        set_junk(text, address, port, hex, per_second);
    else if (strncmp(line, "calm", 4) == 0)
        calm();
    else if (sscanf(line, "idle %u", &a) == 1)
        start_idle(a);
    else if (strncmp(line, "clear", 5) == 0)
        clear();
    else
        fail("not a command");
}

int main(void)
{
    char line[MAX_LINE];
    setvbuf(stdout, NULL, _IOLBF, 0);
    while (fgets(line, sizeof line, stdin))
        obey(line);
    return 0;
}
