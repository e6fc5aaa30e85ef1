/* The open files, signals and environment that this process passes on to the program.
 *
 * The program gets what this process got, with three exceptions: its standard streams are open, its library path has no
 * folder with another C library, and variables that begin with `_DAGFLOE_` tell the runtime what it has to know.
 */

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_DESCRIPTORS = 65536 };

/* Writing to a closed pipe, or beyond the limit of a file's size, fails instead of ending this process. */
static const int IGNORED_SIGNALS[] = {SIGPIPE, SIGXFSZ};
enum { IGNORED_COUNT = sizeof IGNORED_SIGNALS / sizeof *IGNORED_SIGNALS };
static struct sigaction actions_of_caller[IGNORED_COUNT];

/* The libraries that a program of glibc does not bring along. Those of another glibc do not work with the host's. */
static const char *const C_LIBRARIES[] = {"libc.so.6",  "libm.so.6",       "libdl.so.2",
                                          "librt.so.1", "libpthread.so.0", "libutil.so.1"};

/* Open the standard streams that the caller closed. Otherwise, the next socket or file that is opened would become a
 * standard stream, and everything that is printed would be written to it. */
void open_standard_streams(void) {
    for (int descriptor = 0; descriptor < 3; descriptor++) {
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF) {
            int opened = open("/dev/null", O_RDWR);
            if (opened < 0) {
                opened = open("/", O_RDONLY | O_DIRECTORY); /* nothing can be written to it */
            }
            if (opened < 0) {
                return;
            }
        }
    }
}

/* Close the files with the descriptors from `first` to `last`; -1 for all that follow. */
void close_range_of_files(int first, int last) {
    unsigned end = last < 0 ? ~0U : (unsigned)last;
    if (first <= last || last < 0) {
        if (syscall(SYS_close_range, (unsigned)first, end, 0U) != 0) {
            for (int descriptor = first; descriptor < MAX_DESCRIPTORS && (unsigned)descriptor <= end; descriptor++) {
                close(descriptor);
            }
        }
    }
}

/* Open /dev/null in place of the standard streams before `end`, and close every other file except the sockets. */
void release_streams(int end) {
    int null = open("/dev/null", O_RDWR);
    for (int descriptor = 0; null >= 0 && descriptor < end; descriptor++) {
        dup2(null, descriptor);
    }
    close_files(3);
}

void ignore_signals_of_writes(void) {
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    for (int i = 0; i < IGNORED_COUNT; i++) {
        sigaction(IGNORED_SIGNALS[i], &ignore, &actions_of_caller[i]);
    }
}

void restore_signals_of_writes(void) {
    for (int i = 0; i < IGNORED_COUNT; i++) {
        sigaction(IGNORED_SIGNALS[i], &actions_of_caller[i], NULL);
    }
}

/* Whether a folder has a library of glibc that is not the host's own. */
static bool has_other_c_library(const char *folder) {
    char path[2 * PATH_MAX];
    struct stat found, own;
    for (size_t i = 0; i < sizeof C_LIBRARIES / sizeof *C_LIBRARIES; i++) {
        if (snprintf(path, sizeof path, "%s/%s", folder, C_LIBRARIES[i]) >= (int)sizeof path ||
            stat(path, &found) != 0) {
            continue;
        }
        bool is_own = false;
        for (const char *const *host = LIBRARY_FOLDERS; *host != NULL && !is_own; host++) {
            snprintf(path, sizeof path, "%s/%s", *host, C_LIBRARIES[i]);
            is_own = stat(path, &own) == 0 && own.st_dev == found.st_dev && own.st_ino == found.st_ino;
        }
        if (!is_own) {
            return true;
        }
    }
    return false;
}

/* Set the library path of the program: its own libraries first, then the caller's folders, but none with another C
 * library. The runtime sets the caller's path again, for the programs that the task starts. */
void set_library_path(const char *program) {
    const char *original = getenv("LD_LIBRARY_PATH");
    size_t length = original ? strlen(original) : 0;
    const char *name = strrchr(program, '/');
    unsetenv("_DAGFLOE_LIBRARY_PATH");
    if (length == 0 || name == NULL) {
        return;
    }
    size_t size = (size_t)(name - program) + sizeof "/_internal" + length + 2;
    char *copy = strdup(original), *result = malloc(size), *rest;
    if (copy != NULL && result != NULL) {
        int used = snprintf(result, size, "%.*s/_internal", (int)(name - program), program);
        for (char *folder = strtok_r(copy, ":;", &rest); folder != NULL; folder = strtok_r(NULL, ":;", &rest)) {
            if (!has_other_c_library(folder)) {
                used += snprintf(result + used, size - (size_t)used, ":%s", folder);
            }
        }
        setenv("_DAGFLOE_LIBRARY_PATH", original, 1);
        setenv("LD_LIBRARY_PATH", result, 1);
    }
    free(copy);
    free(result);
}
