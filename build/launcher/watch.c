/* Ends the processes that a task started, after the bundle's process has ended, for whatever reason.
 *
 * The runtime starts the watch when the task starts its first process. A process belongs to the task if it is in the
 * process group of the bundle's process, or has in its environment the mark that the launcher put there. A process that
 * left both behind belongs to no task.
 */

#include "launcher.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* SIGKILL follows SIGTERM after GRACE_MS, and the watch gives up after twice that time. */
enum { GRACE_MS = 3000, STEP_MS = 20, POLL_MS = 200, MAX_DESCRIPTORS = 65536, ENVIRONMENT_BYTES = 1 << 20 };

static int open_process(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

static void sleep_ms(int milliseconds) {
    nanosleep(&(struct timespec){.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000L}, NULL);
}

/* Read a file of a process in /proc. Returns how many bytes it has, 0 if the process has ended. */
static size_t read_proc_file(const char *process, const char *name, char *buffer, size_t size) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/%s", process, name);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return 0;
    }
    size_t length = 0;
    for (ssize_t count; (count = read(descriptor, buffer + length, size - length)) > 0;) {
        length += (size_t)count;
    }
    close(descriptor);
    return length;
}

/* Whether a process belongs to the task and has not ended. */
static bool belongs_to_task(const char *process, pid_t task_group, const char *mark) {
    static char buffer[ENVIRONMENT_BYTES];
    char state;
    int parent, group;
    size_t length = read_proc_file(process, "stat", buffer, sizeof buffer - 1);
    buffer[length] = 0;
    /* The program's name is in brackets, and may itself have any characters. */
    const char *after_name = strrchr(buffer, ')');
    if (after_name == NULL || sscanf(after_name, ") %c %d %d", &state, &parent, &group) != 3 || state == 'Z' ||
        state == 'X') {
        return false;
    }
    if (group == task_group) {
        return true;
    }
    length = read_proc_file(process, "environ", buffer, sizeof buffer);
    return memmem(buffer, length, mark, strlen(mark)) != NULL;
}

/* Send a signal, or none if it is 0, to every process of the task. Returns how many there are. */
static int signal_task(pid_t task_group, const char *mark, int signal_number) {
    int count = 0;
    DIR *listing = opendir("/proc");
    if (listing == NULL) {
        return 0;
    }
    for (struct dirent *item; (item = readdir(listing)) != NULL;) {
        pid_t process = isdigit((unsigned char)*item->d_name) ? (pid_t)atol(item->d_name) : 0;
        if (process <= 1 || process == getpid()) {
            continue;
        }
        /* It is opened before it is examined, so that the signal cannot reach a later process of the same number. */
        int descriptor = open_process(process);
        if (belongs_to_task(item->d_name, task_group, mark)) {
            count++;
            if (signal_number != 0 && descriptor >= 0) {
                syscall(SYS_pidfd_send_signal, descriptor, signal_number, NULL, 0);
            } else if (signal_number != 0) {
                kill(process, signal_number);
            }
        }
        if (descriptor >= 0) {
            close(descriptor);
        }
    }
    closedir(listing);
    return count;
}

/* The folder of a process in /proc stays that process's, even when another process gets its number. */
static bool has_ended(int process_folder) {
    char buffer[512];
    int descriptor = openat(process_folder, "stat", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return true;
    }
    ssize_t length = read(descriptor, buffer, sizeof buffer - 1);
    close(descriptor);
    buffer[length > 0 ? length : 0] = 0;
    const char *after_name = strrchr(buffer, ')');
    return after_name == NULL || after_name[1] == 0 || after_name[2] == 'Z';
}

static void wait_for_end(int process, int process_folder) {
    while (!has_ended(process_folder)) {
        /* Linux before 5.3 has no descriptors of processes: look again after a while. */
        poll(&(struct pollfd){.fd = process, .events = POLLIN}, 1, process < 0 ? POLL_MS : -1);
    }
}

static void ignore_signals(void) {
    const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        signal(signals[i], SIG_IGN);
    }
}

/* Close what the bundle's process had open, so that nobody who waits for its end has to wait for the watch. */
static void close_inherited(void) {
    int null = open("/dev/null", O_RDWR);
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        dup2(null, descriptor);
    }
    if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {
        for (int descriptor = 3; descriptor < MAX_DESCRIPTORS; descriptor++) {
            close(descriptor);
        }
    }
}

/* Wait for the end of the bundle's process, then end every process with its group or the mark. Returns the status. */
int watch(pid_t process, const char *mark) {
    ignore_signals();
    close_inherited();
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", (int)process);
    int descriptor = open_process(process), folder = open(path, O_RDONLY | O_DIRECTORY);
    /* The watch must not be a child of the bundle's process, which may wait for all of its children. */
    if (getppid() == process && fork() != 0) {
        return EXIT_SUCCESS;
    }
    prctl(PR_SET_NAME, "dagfloe-watch");
    if (chdir("/") == 0 && folder >= 0) {
        wait_for_end(descriptor, folder);
    }
    int running = signal_task(process, mark, SIGTERM);
    for (int waited_ms = 0; running > 0 && waited_ms < 2 * GRACE_MS; waited_ms += STEP_MS) {
        sleep_ms(STEP_MS);
        running = signal_task(process, mark, waited_ms < GRACE_MS ? 0 : SIGKILL);
    }
    return running > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
