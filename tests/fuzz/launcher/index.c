/* Fuzz target: the index of a payload. The input is what follows the index's magic. Around it is a valid bundle file
 * with the right digest, which damage hardly ever has. Everything that the bundle refers to must be inside the file. */

#include "launcher.h"

#include <stdlib.h>

enum { FOOTER_BYTES = 64, TRAILER_BYTES = 64, MAGIC_BYTES = 8 };

static void check_inside(const uint8_t *data, size_t size, const void *start, uint64_t length) {
    const uint8_t *at = start;
    if (at < data || at > data + size || length > (uint64_t)(data + size - at)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t input_size) {
    size_t index_size = MAGIC_BYTES + input_size, size = index_size + FOOTER_BYTES + TRAILER_BYTES;
    uint8_t *data = calloc(1, size), *footer = data + index_size;
    uint64_t length = htole64(index_size);
    memcpy(data, "DFINDEX1", MAGIC_BYTES);
    memcpy(data + MAGIC_BYTES, input, input_size);
    memcpy(footer + 8, &length, sizeof length);
    digest(data, index_size, footer + 16);
    memcpy(footer + FOOTER_BYTES - MAGIC_BYTES, "DAGFLOE1", MAGIC_BYTES);
    memcpy(data + size - MAGIC_BYTES, "AFBNDL01", MAGIC_BYTES);
    struct bundle bundle = {0};
    struct reason reason;
    if (parse_bundle(&bundle, data, size, &reason) == OK) {
        check_inside(data, size, bundle.program, strlen(bundle.program) + 1);
        for (uint32_t i = 0; i < bundle.count; i++) {
            const struct file *file = &bundle.files[i];
            check_inside(data, size, file->path, strlen(file->path) + 1);
            check_inside(data, size, file->stored, file->stored_size);
            if (*file->path == 0 || *file->path == '/' || strstr(file->path, "../") == file->path) {
                abort();
            }
        }
    }
    free(bundle.files);
    free(data);
    return 0;
}
