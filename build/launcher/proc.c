/* Reads what /proc says about a process. */

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { STAT_BYTES = 1024, ENVIRONMENT_BYTES = 1 << 16, MAX_MARK_BYTES = 4096 };

static int open_proc_file(const char *process, const char *name) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/%s", process, name);
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* Parse the content of a process's `stat`. Returns false if the process has ended. */
bool parse_process(char *content, struct process_state *state) {
    char letter;
    int group;
    /* The program's name is in brackets, and may itself have any characters. */
    const char *after_name = strrchr(content, ')');
    if (after_name == NULL ||
        sscanf(after_name, ") %c %*d %d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &letter,
               &group, &state->start_time) != 3) {
        return false;
    }
    state->group = group;
    return letter != 'Z' && letter != 'X';
}

bool read_process(const char *process, struct process_state *state) {
    char content[STAT_BYTES];
    int descriptor = open_proc_file(process, "stat");
    if (descriptor < 0) {
        return false;
    }
    ssize_t length = read(descriptor, content, sizeof content - 1);
    close(descriptor);
    content[length > 0 ? length : 0] = 0;
    return parse_process(content, state);
}

static bool has_any(const char *data, size_t length, char *const *marks) {
    for (; *marks != NULL; marks++) {
        if (memmem(data, length, *marks, strlen(*marks)) != NULL) {
            return true;
        }
    }
    return false;
}

/* Whether a process has a mark in its environment. `*is_known` is false if it has no environment at the moment, because
 * it is starting another program. */
bool has_mark(const char *process, char *const *marks, bool *is_known) {
    static char buffer[MAX_MARK_BYTES + ENVIRONMENT_BYTES];
    size_t length = 0;
    bool is_found = false;
    int descriptor = open_proc_file(process, "environ");
    *is_known = descriptor < 0 && errno == EACCES; /* another user's process */
    if (descriptor < 0) {
        return false;
    }
    for (ssize_t count; !is_found && (count = read(descriptor, buffer + length, ENVIRONMENT_BYTES)) > 0;) {
        *is_known = true;
        length += (size_t)count;
        is_found = has_any(buffer, length, marks);
        /* The next part may continue a mark. */
        size_t kept = length < MAX_MARK_BYTES ? length : MAX_MARK_BYTES;
        memmove(buffer, buffer + length - kept, kept);
        length = kept;
    }
    close(descriptor);
    return is_found;
}
