/* Calls parts of the launcher for test_launcher_parts.py: reads requests from stdin and answers on stdout.
 *
 *   request  verb, 1 byte | number, 8 bytes | length of the data, 8 bytes | data
 *   answer   length, 8 bytes | answer
 *
 * The data of each request is in a memory block of exactly its size, so that AddressSanitizer notices each byte that is
 * read before or after it.
 */

#include "launcher.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_DECODED_BYTES = 1 << 24 };

struct request {
    char verb;
    uint64_t number, size;
    uint8_t *data;
};

static void *allocate(size_t size) {
    void *block = malloc(size);
    if (block == NULL) {
        abort();
    }
    return block;
}

static bool read_request(struct request *request) {
    uint8_t header[17];
    if (fread(header, sizeof header, 1, stdin) != 1) {
        return false;
    }
    request->verb = (char)header[0];
    request->number = read_u64(header + 1);
    request->size = read_u64(header + 9);
    request->data = allocate(request->size);
    return fread(request->data, 1, request->size, stdin) == request->size;
}

static void answer(const void *data, size_t size) {
    uint64_t length = htole64(size);
    fwrite(&length, sizeof length, 1, stdout);
    if (size > 0) {
        fwrite(data, 1, size, stdout);
    }
    fflush(stdout);
}

static void answer_number(long number) {
    char text[32];
    answer(text, (size_t)snprintf(text, sizeof text, "%ld", number));
}

static void answer_digest(const struct request *request) {
    uint8_t out[DIGEST_BYTES];
    digest(request->data, request->size, out);
    answer(out, sizeof out);
}

/* One byte, 1 if the block is valid, and the output. The number is the output's size. */
static void answer_decoded(const struct request *request) {
    size_t size = request->number;
    uint8_t *out = allocate(size), *whole = allocate(size + 1);
    memset(out, 0, size);
    whole[0] = decode(request->data, request->size, out, size);
    memcpy(whole + 1, out, size);
    answer(whole, size + 1);
    free(whole);
    free(out);
}

/* Whether a file's content has its digest; it reads all that the payload stores of it. */
static bool is_content_right(const struct file *file) {
    uint8_t content_digest[DIGEST_BYTES];
    if (file->stored_size == file->size) {
        digest(file->stored, file->size, content_digest);
        return memcmp(content_digest, file->digest, DIGEST_BYTES) == 0;
    }
    if (file->size > MAX_DECODED_BYTES) {
        return false;
    }
    uint8_t *content = allocate(file->size);
    bool is_right = decode(file->stored, file->stored_size, content, file->size);
    digest(content, file->size, content_digest);
    free(content);
    return is_right && memcmp(content_digest, file->digest, DIGEST_BYTES) == 0;
}

/* A line for each value of the bundle and for each file, or the reason after "failed". */
static void answer_bundle(const struct request *request) {
    struct bundle bundle = {.files = NULL};
    struct reason reason;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (parse_bundle(&bundle, request->data, request->size, &reason) == OK) {
        fprintf(out, "%s\n%s\n%s\n", bundle.id, bundle.name, bundle.program);
        fprintf(out, "%s\n%s\n%s\n", bundle.cache_dir, bundle.loader, bundle.libc_version);
        for (uint32_t i = 0; i < bundle.count; i++) {
            const struct file *file = &bundle.files[i];
            int kind = file->is_program ? 1 : file->is_link ? 2 : 0;
            fprintf(out, "%d %llu %d %s\n", kind, (unsigned long long)file->size, is_content_right(file), file->path);
        }
    } else {
        fprintf(out, "failed\n%s\n", reason.text);
    }
    fclose(out);
    answer(text, size);
    free(text);
    free(bundle.files);
}

/* The data as a string. */
static char *to_string(const struct request *request) {
    char *string = allocate(request->size + 1);
    memcpy(string, request->data, request->size);
    string[request->size] = 0;
    return string;
}

static void answer_host(const struct request *request) {
    char *version = to_string(request);
    struct bundle bundle = {.loader = "/bin/sh", .libc_version = version};
    struct reason reason = {.text = ""};
    enum result result = check_host(&bundle, &reason);
    answer(reason.text, result == OK ? 0 : strlen(reason.text));
    free(version);
}

/* Say the data, with itself as the bundle's name, and answer the reason that it makes. */
static void answer_message(const struct request *request) {
    char *string = to_string(request);
    struct bundle bundle = {.name = string};
    struct reason reason;
    say(&bundle, "%s", string);
    set_reason(&reason, "%s", string);
    answer(reason.text, strlen(reason.text));
    free(string);
}

/* The three strings of a first frame, each after its length; nothing if the frame is not of a Dag processor. */
static void answer_first_frame(const struct request *request) {
    struct dag_request found;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (parse_request(request->data, request->size, &found)) {
        const struct bytes *strings[] = {&found.type, &found.file, &found.bundle_path};
        for (int i = 0; i < 3; i++) {
            uint64_t length = htole64(strings[i]->size);
            fwrite(&length, sizeof length, 1, out);
            if (strings[i]->size > 0) {
                fwrite(strings[i]->start, 1, strings[i]->size, out);
            }
        }
    }
    fclose(out);
    answer(text, size);
    free(text);
}

/* The frame that answers a first frame, which is the beginning of the data; the number is its length. */
static void answer_made(const struct request *request) {
    struct dag_request found;
    size_t size, rest = request->size - request->number;
    uint8_t *answers = allocate(rest + 1), *made = NULL;
    memcpy(answers, request->data + request->number, rest);
    if (parse_request(request->data, request->number, &found)) {
        made = make_answer(&(struct bytes){answers, rest}, &found, &size);
    }
    answer(made, made == NULL ? 0 : size);
    free(made);
    free(answers);
}

static bool answer_request(const struct request *request) {
    char *path;
    switch (request->verb) {
    case 'd':
        answer_digest(request);
        return true;
    case 'l':
        answer_decoded(request);
        return true;
    case 'b':
        answer_bundle(request);
        return true;
    case 'v':
        answer_number(parse_version((const char *)request->data, (const char *)request->data + request->size));
        return true;
    case 'c':
        path = to_string(request);
        answer_number(read_libc_version(path));
        free(path);
        return true;
    case 'h':
        answer_host(request);
        return true;
    case 'f':
        answer_first_frame(request);
        return true;
    case 'a':
        answer_made(request);
        return true;
    case 'm':
        answer_message(request);
        return true;
    default:
        return false;
    }
}

int main(void) {
    struct request request;
    while (read_request(&request)) {
        bool is_known = answer_request(&request);
        free(request.data);
        if (!is_known) {
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
