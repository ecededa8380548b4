/* What a camera or terminal is to post, as its options say, and the body that comes of it. */
#ifndef PEERS_HIKVISION_EVENT_H
#define PEERS_HIKVISION_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum event_kind { EVENT_ANPR, EVENT_ACCESS, EVENT_OTHER, EVENT_RAW, EVENT_HUGE, EVENT_KIND_COUNT };
enum event_form { FORM_DEFAULT, FORM_MULTIPART, FORM_BARE, FORM_JSON };
enum event_space { SPACE_ISAPI, SPACE_HIKVISION, SPACE_STD_CGI };
enum event_current { CURRENT_TRUE, CURRENT_FALSE, CURRENT_ABSENT };

/* All options of all kinds. Texts are borrowed; NULL: not given. */
struct event {
    enum event_kind kind;
    /* where and how */
    const char *url;
    const char *digest; /* user:password */
    const char *user;
    const char *password;
    const char *ca_file;
    bool insecure;
    long timeout_ms;
    long repeat;
    long expect;
    /* shared by the formats */
    int form;
    const char *time;
    long ago_s;
    bool no_datetime;
    const char *boundary;
    bool lf_only;
    long picture_size;
    bool picture_no_name;
    bool picture_boundary;
    const char *event_type; /* of kind other */
    const char *ip_address;
    /* plate camera */
    const char *plate;
    int space;
    const char *prefix;
    bool no_decl;
    const char *xml_part;
    const char *direction;
    const char *uuid;
    const char *device_uuid;
    const char *confidence;
    const char *plate_color;
    /* terminal */
    const char *employee;
    const char *card;
    const char *name;
    long major;
    long minor;
    long serial; /* 0: the next of this run */
    int current;
    bool no_eventtype;
    bool demographics;
    bool remote_check; /* it waits for the answer before it opens */
    long door;
    /* raw and huge */
    const char *file;
    const char *content_type;
    long bytes;
    bool chunked;
};

/* The options' standard values. */
struct event event_standard(void);

/* Reads "KIND --option value ..." into *event, which holds the standard or the batch's values.
 * NULL if all is sound, else a sentence, valid until the next call. */
const char *event_parse(struct event *event, char **words, size_t count);
/* Reads options alone, as before the words of a batch. */
const char *event_parse_options(struct event *event, char **words, size_t count);
/* Prints the kinds and every option. */
void event_print_usage(FILE *out);

struct body {
    char *bytes; /* owned; NULL for kind huge, whose body is made while it is sent */
    size_t length;
    char content_type[256];
};

/* Builds the body. False, with errno set, if a file cannot be read. Ends the program when out of
 * memory. */
bool body_build(const struct event *event, struct body *body);
void body_free(struct body *body);

#endif
