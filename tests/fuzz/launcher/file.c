/* Fuzz target: a whole bundle file, with any trailer and any footer. */

#include "launcher.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    struct bundle bundle = {0};
    struct reason reason;
    /* A block of exactly this size, so that the sanitizer notices each byte that is read outside of it. */
    uint8_t *data = malloc(size ? size : 1);
    memcpy(data, input, size);
    parse_bundle(&bundle, data, size, &reason);
    free(bundle.files);
    free(data);
    return 0;
}
