/* Lists the cache folders in which a store may be, the best one first. */

#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* How many bytes the UTF-8 character has whose first byte this is; 0 if no character begins with it. */
static int utf8_length(unsigned char first) {
    if (first < 0x80) {
        return 1;
    }
    return first >= 0xc2 && first < 0xe0 ? 2 : (first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/* Whether a string is valid UTF-8. It has no surrogates, and each character is written as short as possible. */
bool is_utf8(const char *text) {
    const unsigned char *next = (const unsigned char *)text;
    while (*next != 0) {
        int length = utf8_length(*next);
        uint32_t character = length == 1 ? *next : *next & (0xffu >> (length + 1));
        for (int i = 1; i < length; i++) {
            if ((next[i] & 0xc0) != 0x80) {
                return false;
            }
            character = character << 6 | (next[i] & 0x3f);
        }
        if (length == 0 || (length == 3 && (character < 0x800 || (character >= 0xd800 && character < 0xe000))) ||
            (length == 4 && (character < 0x10000 || character > 0x10ffff))) {
            return false;
        }
        next += length;
    }
    return true;
}

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
