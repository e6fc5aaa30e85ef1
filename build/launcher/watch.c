/* Ends what a task has started once the bundle's process is gone, however it went.
 *
 * The runtime starts this beside itself when the task starts its first process. Processes of a task are known by their
 * process group, which is the bundle's, and by the mark that the launcher put into the environment: a process that has
 * left both behind is nobody's.
 */

#include "launcher.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 3000, STEP_MS = 20, POLL_MS = 200, ENVIRONMENT_BYTES = 1 << 20 };

static int open_process(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

static void pause_ms(int milliseconds) {
    nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L}, NULL);
}

static size_t read_of(const char *process, const char *name, char *buffer, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/%s", process, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    size_t length = 0;
    for (ssize_t count; descriptor >= 0 && (count = read(descriptor, buffer + length, size - length)) > 0;) {
        length += (size_t)count;
    }
    if (descriptor >= 0) {
        close(descriptor);
    }
    return length;
}

/* Whether a process belongs to the task and has not ended. */
static int belongs(const char *process, pid_t group, const char *mark) {
    static char buffer[ENVIRONMENT_BYTES];
    char state;
    int parent, its_group;
    size_t length = read_of(process, "stat", buffer, sizeof buffer - 1);
    buffer[length] = 0;
    /* The name before it, in brackets, may hold anything. */
    const char *after_name = strrchr(buffer, ')');
    if (after_name == NULL || sscanf(after_name, ") %c %d %d", &state, &parent, &its_group) != 3 || state == 'Z' ||
        state == 'X') {
        return 0;
    }
    return its_group == group ||
           memmem(buffer, read_of(process, "environ", buffer, sizeof buffer), mark, strlen(mark)) != NULL;
}

/* Send a signal to every process of the task; how many there are. */
static int send_all(pid_t group, const char *mark, int number) {
    int found = 0;
    DIR *listing = opendir("/proc");
    if (listing == NULL) {
        return 0;
    }
    for (struct dirent *each; (each = readdir(listing)) != NULL;) {
        pid_t process = isdigit((unsigned char)*each->d_name) ? (pid_t)atol(each->d_name) : 0;
        if (process <= 1 || process == getpid()) {
            continue;
        }
        /* Opened before it is looked at, so that the signal cannot hit another process of the same number. */
        int descriptor = open_process(process);
        if (belongs(each->d_name, group, mark)) {
            found++;
            if (number != 0 && descriptor >= 0) {
                syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0);
            } else if (number != 0) {
                kill(process, number);
            }
        }
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    closedir(listing);
    return found;
}

/* Through a descriptor of its folder in /proc, which stays that process's even when its number is used again. */
static int has_ended(int folder) {
    char text[512];
    int descriptor = openat(folder, "stat", O_RDONLY | O_CLOEXEC);
    ssize_t length = descriptor < 0 ? -1 : read(descriptor, text, sizeof text - 1);
    if (descriptor >= 0) {
        close(descriptor);
    }
    text[length > 0 ? length : 0] = 0;
    const char *after_name = strrchr(text, ')');
    return after_name == NULL || after_name[2] == 'Z';
}

static void wait_for_end(int process, int folder) {
    while (!has_ended(folder)) {
        /* Linux before 5.3 has no descriptors of processes. */
        poll(&(struct pollfd){.fd = process, .events = POLLIN}, 1, process < 0 ? POLL_MS : -1);
    }
}

int watch(pid_t process, const char *mark) {
    const int ignored[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        signal(ignored[i], SIG_IGN);
    }
    /* Whoever waits for the end of what the bundle had open must not wait for this. */
    int nothing = open("/dev/null", O_RDWR);
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        dup2(nothing, descriptor);
    }
    if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {
        for (int descriptor = 3; descriptor < 65536; descriptor++) {
            close(descriptor);
        }
    }
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", (int)process);
    int descriptor = open_process(process), folder = open(path, O_RDONLY | O_DIRECTORY);
    /* A bundle that waits for all of its children must not wait for this one. */
    if (getppid() == process && fork() != 0) {
        return 0;
    }
    prctl(PR_SET_NAME, "dagfloe-watch");
    if (chdir("/") == 0 && folder >= 0) {
        wait_for_end(descriptor, folder);
    }
    int left = send_all(process, mark, SIGTERM);
    for (int waited_ms = 0; left > 0 && waited_ms < 2 * GRACE_MS; waited_ms += STEP_MS) {
        pause_ms(STEP_MS);
        left = send_all(process, mark, waited_ms < GRACE_MS ? 0 : SIGKILL);
    }
    return left > 0;
}
