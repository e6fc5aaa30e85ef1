/* Starts the unpacked program.
 *
 * A program that runs a task for a supervisor becomes a child process, and wait.c waits for it. In any other mode, the
 * program replaces this process.
 */

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { MARKS_BYTES = 1024 };

/* Whether the arguments are those of a supervisor: `--comm=X --logs=Y`, in any order, with `=` or a space. */
bool is_supervised(int argc, char **argv) {
    bool has_comm = false, has_logs = false;
    for (int i = 1; i < argc; i++) {
        bool is_comm = strncmp(argv[i], "--comm", 6) == 0;
        bool *is_given = is_comm ? &has_comm : &has_logs;
        if ((!is_comm && strncmp(argv[i], "--logs", 6) != 0) || *is_given) {
            return false;
        }
        *is_given = true;
        char after_name = argv[i][6];
        if ((after_name != 0 && after_name != '=') || (after_name == 0 && ++i == argc)) {
            return false;
        }
    }
    return has_comm && has_logs;
}

/* Mark this process and all that it starts. If a task started this bundle, its own mark stays in the list. */
static void mark_processes(void) {
    char marks[MARKS_BYTES];
    struct timespec now;
    const char *outer_marks = getenv("_DAGFLOE_TASK");
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(marks, sizeof marks, "%d.%lld.%09ld %.*s", (int)getpid(), (long long)now.tv_sec, now.tv_nsec,
             MARKS_BYTES - 64, outer_marks ? outer_marks : "");
    setenv("_DAGFLOE_TASK", marks, 1);
}

/* Become the program. Returns only on failure, with its reason as an error number. */
static int become_program(const char *path, char **argv) {
    mark_processes();
    restore_signals_of_writes();
    execv(path, argv);
    int error = errno;
    ignore_signals_of_writes();
    return error;
}

/* The child process: become the program, or write the error number to the pipe. */
static _Noreturn void run_child(const char *path, char **argv, pid_t parent, const struct signals *before, int pipe) {
    setpgid(0, 0); /* signals to the parent's group reach the parent alone, which passes them on once */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent) { /* otherwise, the parent ended before the line above */
        restore_signals(before);
        int error = become_program(path, argv);
        if (write(pipe, &error, sizeof error) < 0) {
            _exit(EXIT_FAILURE);
        }
    }
    _exit(EXIT_CANNOT_RUN);
}

/* Wait until the child has become the program. Returns 0, or the error number if it has not. */
static int read_error(int pipe) {
    int error;
    ssize_t count;
    do {
        count = read(pipe, &error, sizeof error);
    } while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof error ? error : 0;
}

/* Run the program as a child process, and end as it ends. Returns only if it cannot be started: the error number. */
static int run_program(const struct bundle *bundle, const char *path, char **argv) {
    struct signals before;
    char variable[32];
    int pipe[2];
    pid_t parent = getpid();
    snprintf(variable, sizeof variable, "%d,%d", (int)parent, confirmation_signal());
    setenv("_DAGFLOE_WAITS", variable, 1);
    if (pipe2(pipe, O_CLOEXEC) != 0) {
        return errno;
    }
    hold_signals(&before);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_t child = fork();
    if (child == 0) {
        run_child(path, argv, parent, &before, pipe[1]);
    }
    int error = child < 0 ? errno : 0;
    close(pipe[1]);
    if (child > 0) {
        setpgid(child, child); /* the child does this, too, and either may be first */
        error = read_error(pipe[0]);
    }
    close(pipe[0]);
    if (error == 0) {
        exit(wait_for_program(bundle, child));
    }
    restore_signals(&before);
    return error;
}

/* Start the unpacked program. Returns only on failure. */
enum result start_program(const struct bundle *bundle, const struct store *store, int lock, bool is_task, char **argv,
                          struct reason *reason) {
    char path[2 * PATH_MAX + ID_BYTES], descriptors[32];
    int launcher = open("/proc/self/exe", O_RDONLY); /* the program starts it again, as the watch */
    snprintf(path, sizeof path, "%s/entries/%s/%s", store->path, bundle->id, bundle->program);
    snprintf(descriptors, sizeof descriptors, "%d,%d", lock, launcher);
    fcntl(lock, F_SETFD, 0); /* the program inherits the lock, so nobody prunes the entry while it runs */
    setenv("_DAGFLOE_FILES", descriptors, 1);
    unsetenv("_DAGFLOE_WAITS");
    set_library_path(path);
    int error = is_task ? run_program(bundle, path, argv) : become_program(path, argv);
    set_reason(reason, "the unpacked program cannot be started: %s", strerror(error));
    close(lock);
    close(launcher);
    return check_host(bundle, reason) == OK ? FAILED : UNSUPPORTED;
}
