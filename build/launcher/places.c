/* Lists the cache folders in which a store may be, the best one first. */

#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void add_place(struct places *places, const char *base, const char *suffix, bool is_chosen) {
    if (base == NULL || *base != '/') {
        return;
    }
    struct place *place = &places->items[places->count];
    if (snprintf(place->path, sizeof place->path, "%s%s", base, suffix) >= PATH_MAX) {
        return;
    }
    for (int i = 0; i < places->count; i++) {
        if (strcmp(places->items[i].path, place->path) == 0) {
            return;
        }
    }
    place->is_chosen = is_chosen;
    places->count++;
}

void find_places(struct places *places, const struct bundle *bundle) {
    char user_folder[40];
    const char *chosen = getenv("DAGFLOE_CACHE_DIR");
    snprintf(user_folder, sizeof user_folder, "/dagfloe-%u", (unsigned)geteuid());
    if (chosen != NULL && *chosen != 0 && *chosen != '/') {
        say(bundle, "DAGFLOE_CACHE_DIR is ignored: %.300s is not an absolute path", chosen);
    }
    places->count = 0;
    add_place(places, chosen, "", true);
    add_place(places, bundle->cache_dir, "", true);
    add_place(places, getenv("XDG_CACHE_HOME"), "/dagfloe", false);
    add_place(places, getenv("HOME"), "/.cache/dagfloe", false);
    add_place(places, getenv("TMPDIR"), user_folder, false);
    add_place(places, "/tmp", user_folder, false);
    add_place(places, "/var/tmp", user_folder, false);
    add_place(places, "/dev/shm", user_folder, false);
}
