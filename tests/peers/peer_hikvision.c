/* peer-hikvision: posts events as Hikvision plate cameras and access terminals do.
 *
 * Ends with 0 if every posting had the expected HTTP status, 1 if one had another, 2 for a mistake
 * on the command line or in a batch, 3 if no HTTP answer came. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/peers/hikvision_event.h"
#include "tests/peers/peer_util.h"

enum { EXIT_AS_EXPECTED, EXIT_OTHER_STATUS, EXIT_USAGE, EXIT_NO_ANSWER };

/* A body of kind huge, made while it is sent. */
struct stream {
    size_t length;
    size_t sent;
};

static size_t read_stream(char *out, size_t size, size_t count, void *context)
{
    struct stream *stream = context;
    size_t left = stream->length - stream->sent;
    size_t now = left < size * count ? left : size * count;

    memset(out, 'x', now);
    stream->sent += now;
    return now;
}

static int seek_stream(void *context, curl_off_t offset, int origin)
{
    struct stream *stream = context;

    if (origin != SEEK_SET || offset < 0)
        return CURL_SEEKFUNC_FAIL;
    stream->sent = (size_t)offset; /* a second round, with credentials */
    return CURL_SEEKFUNC_OK;
}

static size_t drop_answer(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes, (void)context;
    return size * count;
}

static void set_credentials(CURL *curl, const struct event *event)
{
    bool given = event->digest != NULL || event->user != NULL;

    curl_easy_setopt(curl, CURLOPT_HTTPAUTH, given ? CURLAUTH_DIGEST : CURLAUTH_NONE);
    curl_easy_setopt(curl, CURLOPT_USERPWD, event->digest);
    if (event->user == NULL)
        return;
    curl_easy_setopt(curl, CURLOPT_USERNAME, event->user);
    curl_easy_setopt(curl, CURLOPT_PASSWORD, event->password == NULL ? "" : event->password);
}

static void set_target(CURL *curl, const struct event *event)
{
    curl_easy_setopt(curl, CURLOPT_URL, event->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, event->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CAINFO, event->ca_file);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, event->insecure ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, event->insecure ? 0L : 2L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_answer);
    set_credentials(curl, event);
}

static void set_body(CURL *curl, const struct event *event, const struct body *body,
                     struct stream *stream)
{
    curl_off_t length = (curl_off_t)body->length;

    curl_easy_setopt(curl, CURLOPT_POST, 1L);
    if (event->kind == EVENT_HUGE) {
        curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_stream);
        curl_easy_setopt(curl, CURLOPT_READDATA, stream);
        curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, seek_stream);
        curl_easy_setopt(curl, CURLOPT_SEEKDATA, stream);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, event->chunked ? -1 : length);
    } else {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, length);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->bytes);
    }
}

static struct curl_slist *make_headers(const struct event *event, const struct body *body)
{
    struct curl_slist *headers = NULL;
    char type[300];

    snprintf(type, sizeof type, "Content-Type: %s", body->content_type);
    headers = curl_slist_append(headers, type);
    headers = curl_slist_append(headers, "Expect:"); /* cameras do not ask before they send */
    headers = curl_slist_append(headers, "User-Agent:");
    headers = curl_slist_append(headers, "Accept:");
    if (event->kind == EVENT_HUGE && event->chunked)
        headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
    if (headers == NULL)
        peer_die("out of memory");
    return headers;
}

/* Posts once. Returns the HTTP status, 0 if none came. */
static long post_once(CURL *curl, const struct event *event, const struct body *body)
{
    struct stream stream = {.length = body->length};
    struct curl_slist *headers = make_headers(event, body);
    char why[CURL_ERROR_SIZE] = "";
    long status = 0;
    CURLcode result;

    curl_easy_reset(curl); /* keeps the connection */
    set_target(curl, event);
    set_body(curl, event, body, &stream);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    result = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (result != CURLE_OK && status == 0)
        fprintf(stderr, "peer-hikvision: %s: %s\n", event->url,
                why[0] == '\0' ? curl_easy_strerror(result) : why);
    curl_slist_free_all(headers);
    return status;
}

/* Posts as often as asked, prints each status behind label. Returns an exit status. */
static int post_event(CURL *curl, const struct event *event, const char *label)
{
    int exit_status = EXIT_AS_EXPECTED;
    struct body body;

    if (!body_build(event, &body)) {
        fprintf(stderr, "peer-hikvision: %s: %s\n", event->file, strerror(errno));
        return EXIT_USAGE;
    }
    for (long i = 0; i < event->repeat; i++) {
        long status = post_once(curl, event, &body);
        int now = status == 0               ? EXIT_NO_ANSWER
                  : status == event->expect ? EXIT_AS_EXPECTED
                                            : EXIT_OTHER_STATUS;

        printf("%s%ld\n", label, status);
        fflush(stdout);
        exit_status = now > exit_status ? now : exit_status;
    }
    body_free(&body);
    return exit_status;
}

/* --- batch --- */

/* Takes "+MS" off the front of the words and waits that long. */
static const char *take_delay(char ***words, size_t *count)
{
    long delay_ms = 0;

    if (*count == 0 || (*words)[0][0] != '+')
        return NULL;
    if (!peer_parse_long((*words)[0] + 1, 0, 86400000, &delay_ms))
        return "a delay is +MILLISECONDS";
    (*words)++;
    (*count)--;
    peer_poll(NULL, 0, peer_mono_us() + delay_ms * 1000);
    return NULL;
}

static int run_line(CURL *curl, const struct event *standard, char *line, long number)
{
    char *words[PEER_WORDS_MAX];
    char **rest = words;
    size_t count = peer_split(line, words, PEER_WORDS_MAX);
    struct event event = *standard;
    const char *failure;
    char label[32];

    if (count == 0 || words[0][0] == '#')
        return EXIT_AS_EXPECTED;
    failure = take_delay(&rest, &count);
    if (failure == NULL)
        failure = event_parse(&event, rest, count);
    if (failure != NULL) {
        fprintf(stderr, "peer-hikvision: line %ld: %s\n", number, failure);
        return EXIT_USAGE;
    }
    snprintf(label, sizeof label, "%ld ", number);
    return post_event(curl, &event, label);
}

/* Goes on after a line that fails; the worst line decides the exit status. */
static int run_batch(CURL *curl, const struct event *standard, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    int exit_status = EXIT_AS_EXPECTED;
    char *line = NULL;
    size_t size = 0;

    if (file == NULL) {
        fprintf(stderr, "peer-hikvision: %s: %s\n", path, strerror(errno));
        return EXIT_USAGE;
    }
    for (long number = 1; getline(&line, &size, file) >= 0; number++) {
        int now = run_line(curl, standard, line, number);

        exit_status = now > exit_status ? now : exit_status;
    }
    free(line);
    if (file != stdin)
        fclose(file);
    return exit_status;
}

static int run(CURL *curl, char **words, size_t count)
{
    bool batch = count > 1 && strcmp(words[0], "batch") == 0;
    struct event event = event_standard();
    const char *failure = batch ? event_parse_options(&event, words + 2, count - 2)
                                : event_parse(&event, words, count);

    if (failure != NULL) {
        fprintf(stderr, "peer-hikvision: %s; see peer-hikvision --help\n", failure);
        return EXIT_USAGE;
    }
    return batch ? run_batch(curl, &event, words[1]) : post_event(curl, &event, "");
}

int main(int argc, char **argv)
{
    int exit_status;
    CURL *curl;

    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        event_print_usage(argc < 2 ? stderr : stdout);
        return argc < 2 ? EXIT_USAGE : EXIT_AS_EXPECTED;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (curl = curl_easy_init()) == NULL)
        peer_die("libcurl does not start");
    exit_status = run(curl, argv + 1, (size_t)argc - 1);
    curl_easy_cleanup(curl);
    curl_global_cleanup();
    return exit_status;
}
