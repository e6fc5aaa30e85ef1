/* Fuzz target: the version of a C library. A version is never negative. */

#include "launcher.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    char *text = malloc(size ? size : 1);
    memcpy(text, input, size);
    if (parse_version(text, text + size) < 0) {
        abort();
    }
    free(text);
    return 0;
}
