/* Fuzz target: the first frame of a Dag processor, and its answer. What is found in the frame must be inside it. The
 * input is the length of the frame, 2 bytes, and the frame; the answers of the bundle file follow.
 */

#include "launcher.h"

#include <stdlib.h>

static void check_inside(const uint8_t *data, size_t size, const struct bytes *found) {
    if (found->start < data || found->start > data + size || found->size > (size_t)(data + size - found->start)) {
        abort();
    }
}

static uint8_t *copy(const uint8_t *data, size_t size) {
    uint8_t *block = malloc(size ? size : 1);
    memcpy(block, data, size);
    return block;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size) {
    if (size < 2) {
        return 0;
    }
    size_t length = (size_t)input[0] << 8 | input[1], rest = size - 2;
    length = length < rest ? length : rest;
    uint8_t *frame = copy(input + 2, length), *answers = copy(input + 2 + length, rest - length);
    struct dag_request request;
    if (parse_request(frame, length, &request)) {
        size_t answer_size = 0;
        check_inside(frame, length, &request.type);
        check_inside(frame, length, &request.file);
        if (request.bundle_path.start != NULL) {
            check_inside(frame, length, &request.bundle_path);
        }
        uint8_t *answer = make_answer(&(struct bytes){answers, rest - length}, &request, &answer_size);
        if (answer != NULL && answer_size > 0) {
            volatile uint8_t last = answer[answer_size - 1];
            (void)last;
        }
        free(answer);
    }
    free(frame);
    free(answers);
    return 0;
}
