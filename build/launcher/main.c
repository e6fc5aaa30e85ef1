/* What a bundle file does when it is started: see launcher.h. */

#include "launcher.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { MARKS_BYTES = 1024 };

extern char **environ;

struct place {
    char path[PATH_MAX];
    const char *name;
    int is_chosen; /* by a person: worth a word when it cannot be used */
};

static void say(const struct bundle *bundle, const char *format, const char *first, const char *second) {
    char line[PATH_MAX + 2 * REASON_BYTES];
    int length = snprintf(line, sizeof line, "%s: ", bundle->name ? bundle->name : "bundle");
    length += snprintf(line + length, sizeof line - (size_t)length - 1, format, first, second);
    length = length < (int)sizeof line - 1 ? length : (int)sizeof line - 2;
    line[length++] = '\n';
    if (write(2, line, (size_t)length) < 0) {
        return; /* there is nobody to tell */
    }
}

static int add(struct place *places, int count, const char *base, const char *below, const char *name, int is_chosen) {
    if (base == NULL || *base != '/' || strlen(base) + strlen(below) >= PATH_MAX) {
        return count;
    }
    snprintf(places[count].path, PATH_MAX, "%s%s", base, below);
    for (int before = 0; before < count; before++) {
        if (strcmp(places[before].path, places[count].path) == 0) {
            return count;
        }
    }
    places[count].name = name;
    places[count].is_chosen = is_chosen;
    return count + 1;
}

/* Where a store may be, the best first. */
static int find_places(struct place *places, const struct bundle *bundle) {
    char own[40];
    const char *chosen = getenv("DAGFLOE_CACHE_DIR"), *temporary = getenv("TMPDIR");
    int count = 0;
    snprintf(own, sizeof own, "/dagfloe-%u", (unsigned)geteuid());
    if (chosen != NULL && *chosen != 0 && *chosen != '/') {
        say(bundle, "DAGFLOE_CACHE_DIR is %.300s, no absolute path: it is left out%s", chosen, "");
    }
    count = add(places, count, chosen, "", "DAGFLOE_CACHE_DIR", 1);
    count = add(places, count, bundle->place, "", "the build's cache-dir", 1);
    count = add(places, count, getenv("XDG_CACHE_HOME"), "/dagfloe", "XDG_CACHE_HOME", 0);
    count = add(places, count, getenv("HOME"), "/.cache/dagfloe", "HOME", 0);
    count = add(places, count, temporary, own, "TMPDIR", 0);
    count = add(places, count, "/tmp", own, "/tmp", 0);
    count = add(places, count, "/var/tmp", own, "/var/tmp", 0);
    return add(places, count, "/dev/shm", own, "/dev/shm", 0);
}

/* Mark this process and all that it will start, beside the marks of a task that started this one. */
static void mark_processes(void) {
    char mark[MARKS_BYTES];
    struct timespec now;
    const char *outer = getenv("_DAGFLOE_TASK");
    clock_gettime(CLOCK_REALTIME, &now);
    snprintf(mark, sizeof mark, "%d.%lld.%09ld %.*s", (int)getpid(), (long long)now.tv_sec, now.tv_nsec,
             MARKS_BYTES - 64, outer ? outer : "");
    setenv("_DAGFLOE_TASK", mark, 1);
}

static void become(struct bundle *bundle, const struct store *store, int lock, char **argv, char *why) {
    char path[PATH_MAX + 2 * DIGEST_BYTES + 64], numbers[32];
    int own = open("/proc/self/exe", O_RDONLY); /* the program starts this again for `watch` */
    snprintf(path, sizeof path, "%s/entries/%s/%s", store->path, bundle->id, bundle->program);
    snprintf(numbers, sizeof numbers, "%d,%d", lock, own);
    fcntl(lock, F_SETFD, 0); /* the entry is in use as long as the program has it */
    setenv("_DAGFLOE_FILES", numbers, 1);
    mark_processes();
    execve(path, argv, environ);
    snprintf(why, REASON_BYTES, "its program cannot be started: %s", strerror(errno));
    close(lock);
    close(own);
}

int main(int argc, char **argv) {
    static struct bundle bundle;
    static struct place places[8];
    static char reasons[8][REASON_BYTES];
    static int is_unsafe[8];
    char why[REASON_BYTES] = "";
    if (argc == 3 && strcmp(argv[0], "dagfloe-watch") == 0 && atol(argv[1]) > 1) {
        return watch((pid_t)atol(argv[1]), argv[2]);
    }
    if (read_bundle(&bundle, why) != 0) {
        say(&bundle, "%.511s%s", why, "");
        return EXIT_CANNOT_RUN;
    }
    int count = find_places(places, &bundle);
    for (int i = 0; i < count; i++) {
        struct store store;
        mode_t mask = umask(022);
        int lock = -1;
        if (open_store(&store, places[i].path, places[i].is_chosen, reasons[i]) == 0) {
            lock = prepare_entry(&store, &bundle, reasons[i]);
        }
        is_unsafe[i] = store.is_unsafe;
        umask(mask);
        if (lock >= 0) {
            for (int before = 0; before < i; before++) {
                if (places[before].is_chosen || is_unsafe[before]) {
                    say(&bundle, "the cache folder %.300s is not used: %.511s", places[before].path, reasons[before]);
                }
            }
            if (argc == 1 && getenv("DAGFLOE_WARM") != NULL) {
                printf("%s/entries/%s\n", store.path, bundle.id);
                return fflush(stdout) == 0 ? 0 : EXIT_CANNOT_RUN;
            }
            become(&bundle, &store, lock, argv, reasons[i]);
            if (host_is_able(&bundle, reasons[i]) != 0) {
                lock = -2;
            }
        }
        if (lock == -2) {
            say(&bundle, "%.511s%s", reasons[i], "");
            return EXIT_CANNOT_RUN;
        }
    }
    for (int i = 0; i < count; i++) {
        say(&bundle, "the cache folder %.300s cannot be used: %.511s", places[i].path, reasons[i]);
    }
    say(&bundle, "there is no place to unpack it: set DAGFLOE_CACHE_DIR to a folder that this user can write%s%s",
        " and that allows execution", "");
    return EXIT_CANNOT_RUN;
}
