/* Fuzz target: an LZ4 block. The first two bytes are the size of the output. */

#include "launcher.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    if (size < 2) {
        return 0;
    }
    size_t in_size = size - 2, out_size = input[0] | (size_t)input[1] << 8;
    uint8_t *in = malloc(in_size ? in_size : 1), *out = malloc(out_size ? out_size : 1);
    memcpy(in, input + 2, in_size);
    decode(in, in_size, out, out_size);
    free(in);
    free(out);
    return 0;
}
