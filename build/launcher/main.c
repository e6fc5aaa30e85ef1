/* The steps of a start: see launcher.h. */

#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* Find the bundle's entry in the store of a cache folder, or unpack it there. */
static enum result prepare(struct place *place, const struct bundle *bundle, struct store *store, int *lock) {
    mode_t umask_of_caller = umask(022);
    enum result result = open_store(store, place, &place->reason);
    if (result == OK) {
        result = prepare_entry(store, bundle, lock, &place->reason);
        if (result != OK) {
            close_store(store); /* the next folder may need the descriptors */
        }
    }
    umask(umask_of_caller);
    return result;
}

/* Name the cache folders that were skipped, where a person chose them or should know of a danger. */
static void report_skipped(const struct bundle *bundle, const struct place *places, int count) {
    for (int i = 0; i < count; i++) {
        if (places[i].is_chosen || places[i].result == UNSAFE) {
            say(bundle, "the cache folder %.300s is not used: %s", places[i].path, places[i].reason.text);
        }
    }
}

static int fail(const struct bundle *bundle, const struct reason *reason) {
    wait_for_supervisor();
    say(bundle, "%s", reason->text);
    return EXIT_CANNOT_RUN;
}

int main(int argc, char **argv) {
    static struct bundle bundle;
    static struct places places;
    struct reason reason;
    bool is_task = is_supervised(argc, argv);
    open_standard_streams();
    if (argc > 0 && strcmp(argv[0], "dagfloe-watch") == 0) {
        return argc < 3 ? EXIT_CANNOT_RUN : watch((pid_t)atol(argv[1]), argv + 2);
    }
    ignore_signals_of_writes();
    unsetenv("_DAGFLOE_SOCKETS");
    if (is_task) {
        connect_sockets(argv);
    }
    if (read_bundle(&bundle, &reason) != OK) {
        return fail(&bundle, &reason);
    }
    if (is_task) {
        answer_dag_processor(&bundle);
    }
    find_places(&places, &bundle);
    for (int i = 0; i < places.count; i++) {
        struct place *place = &places.items[i];
        struct store store;
        int lock;
        place->result = prepare(place, &bundle, &store, &lock);
        if (place->result == OK) {
            report_skipped(&bundle, places.items, i);
            if (argc == 1 && getenv("DAGFLOE_WARM") != NULL) {
                printf("%s/entries/%s\n", store.path, bundle.id);
                return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_CANNOT_RUN;
            }
            place->result = start_program(&bundle, &store, lock, is_task, argv, &place->reason);
        }
        if (place->result == UNSUPPORTED) {
            return fail(&bundle, &place->reason);
        }
    }
    wait_for_supervisor();
    for (int i = 0; i < places.count; i++) {
        const struct place *place = &places.items[i];
        say(&bundle, "the cache folder %.300s cannot be used: %s", place->path, place->reason.text);
    }
    say(&bundle, "no cache folder can be used: set DAGFLOE_CACHE_DIR to a folder that this user can write to and that "
                 "allows execution");
    return EXIT_CANNOT_RUN;
}
