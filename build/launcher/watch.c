/* Ends the processes that a task started, after the bundle's process has ended, for whatever reason.
 *
 * The runtime starts the watch when the task starts its first process. A process belongs to the task if it is in the
 * process group of the bundle's process, or has one of the task's marks in its environment. A process that left both
 * behind belongs to no task.
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
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* SIGKILL follows SIGTERM after GRACE_MS, and the watch gives up after twice that time. */
enum { GRACE_MS = 3000, MIN_PAUSE_MS = 20, POLL_MS = 200 };
/* A search of /proc takes long on a host with many processes. The pause after it is PAUSE_FACTOR times as long. */
enum { PAUSE_FACTOR = 4, STAT_BYTES = 1024 };

/* A process that a search has found. Its number and its start time identify it. */
struct found {
    pid_t process;
    unsigned long long start_time;
    bool is_member;
    int descriptor; /* of a member; -1 if the kernel has none */
};

/* What a search has found, in the order of /proc. */
struct list {
    struct found *items;
    size_t count, capacity;
};

/* The task: its process group, its marks, and what the last search has found. */
struct task {
    pid_t group;
    char *const *marks; /* the last one is NULL */
    struct list list;
};

static int open_process(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

/* Find out whether a process belongs to the task. It is opened before it is examined, so that a signal cannot reach a
 * later process of the same number. Returns false if the process has to be examined again. */
static bool examine(const struct task *task, const char *name, struct found *found) {
    struct process_state state;
    bool is_known = true;
    found->descriptor = open_process(found->process);
    found->is_member = read_process(name, &state) && state.start_time == found->start_time &&
                       (state.group == task->group || has_mark(name, task->marks, &is_known));
    if (!found->is_member && found->descriptor >= 0) {
        close(found->descriptor);
    }
    return found->is_member || is_known;
}

static void add(struct list *list, const struct found *found) {
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 512;
        struct found *items = realloc(list->items, capacity * sizeof *items);
        if (items == NULL) {
            return; /* the next search examines the process again */
        }
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = *found;
}

static void send_signal(const struct found *member, int number) {
    if (member->descriptor >= 0) {
        syscall(SYS_pidfd_send_signal, member->descriptor, number, NULL, 0);
    } else {
        kill(member->process, number);
    }
}

/* Ask a process to end, or end it. A stopped process receives a signal only when it continues. */
static void end_process(const struct found *member, bool is_forced) {
    send_signal(member, is_forced ? SIGKILL : SIGTERM);
    if (!is_forced) {
        send_signal(member, SIGCONT);
    }
}

/* Find a process in what the last search has found, from the position `*next` on. NULL if it is not there. */
static struct found *find_known(const struct list *list, size_t *next, const struct found *found) {
    while (*next < list->count && list->items[*next].process < found->process) {
        ++*next;
    }
    struct found *known = *next < list->count ? &list->items[*next] : NULL;
    return known && known->process == found->process && known->start_time == found->start_time ? known : NULL;
}

/* Examine a process of /proc, unless the last search did, and end it if it belongs to the task. Returns whether it
 * does. */
static bool visit(struct task *task, const struct list *known_ones, size_t *next, const char *name, bool is_forced) {
    struct found found = {.process = isdigit((unsigned char)*name) ? (pid_t)atol(name) : 0, .descriptor = -1};
    struct process_state state;
    if (found.process <= 1 || found.process == getpid() || !read_process(name, &state)) {
        return false;
    }
    found.start_time = state.start_time;
    struct found *known = find_known(known_ones, next, &found);
    /* Another process can enter the task's group at any time. */
    if (known != NULL && (known->is_member || state.group != task->group)) {
        found = *known;
        known->descriptor = -1;
        add(&task->list, &found);
    } else if (examine(task, name, &found)) {
        add(&task->list, &found);
        known = NULL;
    }
    if (found.is_member && (known == NULL || is_forced)) {
        end_process(&found, is_forced);
    }
    return found.is_member;
}

/* Search /proc for the processes of the task. Send SIGTERM to new ones, or SIGKILL to all. Returns how many there are.
 */
static size_t search(struct task *task, bool is_forced) {
    struct list known_ones = task->list;
    size_t members = 0, next = 0;
    DIR *listing = opendir("/proc");
    task->list = (struct list){.items = NULL};
    for (struct dirent *item; listing != NULL && (item = readdir(listing)) != NULL;) {
        members += visit(task, &known_ones, &next, item->d_name, is_forced);
    }
    if (listing != NULL) {
        closedir(listing);
    }
    for (size_t i = 0; i < known_ones.count; i++) {
        if (known_ones.items[i].is_member && known_ones.items[i].descriptor >= 0) {
            close(known_ones.items[i].descriptor);
        }
    }
    free(known_ones.items);
    return members;
}

/* End the processes of the task: with SIGTERM, then with SIGKILL. Returns whether all of them have ended. */
static bool end_task(struct task *task) {
    int64_t kill_time = now_ms() + GRACE_MS, last_time = kill_time + GRACE_MS;
    for (bool is_forced = false;;) {
        int64_t start = now_ms();
        if (search(task, is_forced) == 0) {
            return true;
        }
        int64_t now = now_ms(), pause = (now - start) * PAUSE_FACTOR;
        if (now >= last_time) {
            return false;
        }
        pause = pause < MIN_PAUSE_MS ? MIN_PAUSE_MS : pause;
        int64_t limit = (is_forced ? last_time : kill_time) - now;
        sleep_ms(pause < limit ? pause : limit);
        if (!is_forced && now_ms() >= kill_time) {
            is_forced = true;
            /* Those that are known do not have to wait for the next search. */
            for (size_t i = 0; i < task->list.count; i++) {
                if (task->list.items[i].is_member) {
                    end_process(&task->list.items[i], true);
                }
            }
        }
    }
}

/* The folder of a process in /proc stays that process's, even when another process gets its number. */
static bool has_ended(int process_folder) {
    char content[STAT_BYTES];
    struct process_state state;
    int descriptor = openat(process_folder, "stat", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return true;
    }
    ssize_t length = read(descriptor, content, sizeof content - 1);
    close(descriptor);
    content[length > 0 ? length : 0] = 0;
    return !parse_process(content, &state);
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

/* The watch holds one descriptor for each process of the task. */
static void allow_many_descriptors(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* Wait for the end of the bundle's process, then end every process with its group or a mark. Returns the status. */
int watch(pid_t process, char *const *marks) {
    struct task task = {.group = process, .marks = marks};
    char path[32];
    if (process <= 1) {
        return EXIT_SUCCESS; /* when the first process of a container ends, the kernel ends all the others */
    }
    ignore_signals();
    release_streams(3);
    allow_many_descriptors();
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
    return end_task(&task) ? EXIT_SUCCESS : EXIT_FAILURE;
}
