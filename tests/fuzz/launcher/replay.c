/* Calls a fuzz target with the content of each file that is named on the command line, for compilers without libFuzzer.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int main(int argc, char **argv) {
    enum { MAX_BYTES = 1 << 20 };
    static uint8_t input[MAX_BYTES];
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");
        if (file == NULL) {
            return EXIT_FAILURE;
        }
        LLVMFuzzerTestOneInput(input, fread(input, 1, MAX_BYTES, file));
        fclose(file);
    }
    return EXIT_SUCCESS;
}
