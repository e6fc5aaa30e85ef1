/* Connects to the supervisor, before anything that takes time: it waits 10 s for both connections, by default.
 *
 * The program gets the connected sockets. While the supervisor checks to whom they belong, which takes as long as many
 * a task, the program already starts. The supervisor looks for the sockets in the process that it has started and in
 * its descendants. So this process keeps them until it is found, which the first frame shows.
 */

#include "launcher.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
    CONNECT_S = 5,
    FIRST_FRAME_MS = 30000,
    LOOPBACK = 127,
    ESTABLISHED = 1 /* the kernel's header does not have it */
};

static int comm = -1, logs = -1;
static int64_t deadline; /* for the first frame */

/* The value of a flag of a supervisor's command line, which `is_supervised` has checked. */
static const char *flag_value(char **argv, const char *name) {
    size_t length = strlen(name);
    for (int i = 1; argv[i] != NULL; i++) {
        if (strncmp(argv[i], name, length) == 0) {
            return argv[i][length] == '=' ? argv[i] + length + 1 : argv[i + 1];
        }
    }
    return "";
}

/* Connect to an address of this host with an IPv4 number, as Airflow gives it; -1 for any other, and if nobody listens.
 */
static int dial(const char *address) {
    char host[INET_ADDRSTRLEN];
    const char *colon = strrchr(address, ':');
    struct sockaddr_in where = {.sin_family = AF_INET};
    if (colon == NULL || colon - address >= INET_ADDRSTRLEN) {
        return -1;
    }
    snprintf(host, sizeof host, "%.*s", (int)(colon - address), address);
    char *end;
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (*end != 0 || port == 0 || port > UINT16_MAX || inet_pton(AF_INET, host, &where.sin_addr) != 1 ||
        ntohl(where.sin_addr.s_addr) >> 24 != LOOPBACK) {
        return -1;
    }
    where.sin_port = htons((uint16_t)port);
    struct timeval limit = {.tv_sec = CONNECT_S}, none = {0};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&where, sizeof where) != 0) {
        close(descriptor);
        return -1;
    }
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &none, sizeof none);
    return descriptor;
}

/* Connect both sockets, and tell the program their numbers. If one of them cannot be connected, the program tries
 * again, with all kinds of addresses, and reports what fails. */
void connect_sockets(char **argv) {
    char descriptors[32];
    int one = 1;
    comm = dial(flag_value(argv, "--comm"));
    logs = comm < 0 ? -1 : dial(flag_value(argv, "--logs"));
    if (logs < 0) {
        close_sockets();
        return;
    }
    setsockopt(comm, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    deadline = now_ms() + FIRST_FRAME_MS;
    snprintf(descriptors, sizeof descriptors, "%d,%d", comm, logs);
    setenv("_DAGFLOE_SOCKETS", descriptors, 1);
}

/* The comm socket; -1 if it is not connected. */
int comm_socket(void) { return comm; }

void close_sockets(void) {
    if (comm >= 0) {
        close(comm);
    }
    if (logs >= 0) {
        close(logs);
    }
    comm = logs = -1;
}

/* Close every file from a descriptor on, except the sockets. */
void close_files(int first) {
    int low = comm < logs ? comm : logs, high = comm < logs ? logs : comm;
    if (low >= 0) {
        close_range_of_files(first, low - 1);
        close_range_of_files(low + 1, high - 1);
        first = high + 1;
    }
    close_range_of_files(first, -1);
}

/* Whether the supervisor has sent anything, which the program may have read, or does not need the connection any more.
 */
static bool is_found(void) {
    struct tcp_info info = {0};
    socklen_t size = sizeof info;
    return getsockopt(comm, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
           size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received ||
           info.tcpi_bytes_received > 0 || info.tcpi_state != ESTABLISHED || now_ms() > deadline;
}

/* Close the sockets, which the program has, as soon as the supervisor has found them here. Returns whether they are
 * closed. */
bool close_found_sockets(void) {
    if (comm >= 0 && is_found()) {
        close_sockets();
    }
    return comm < 0;
}

/* Wait until the supervisor has found the sockets here. It then writes to the task's log what this process prints; if
 * this process ended before that, nobody would see it. */
void wait_for_supervisor(void) {
    struct pollfd poller = {.fd = comm, .events = POLLIN | POLLRDHUP};
    int64_t left = deadline - now_ms();
    if (comm >= 0 && left > 0) {
        poll(&poller, 1, (int)left);
    }
}
