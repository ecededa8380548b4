/* Vehicles: their standing permissions, and bookings with a driver. */
#include <string.h>

#include "common/access/credential.h"
#include "common/access/plate.h"
#include "common/base/must.h"
#include "common/facts/expected_store.h"
#include "common/facts/people_store.h"
#include "common/facts/tables.h"
#include "controller/app/request.h"
#include "controller/app/roster.h"

bool request_plate(struct request *request, struct credential *ret_credential,
                   struct plate *ret_plate)
{
    const char *text = NULL;
    if (!request_need(request, "plate", &text)) {
        return false;
    }
    return (plate_read(bytes_of_text(text), PLATE_SOURCE_TEXT, ret_plate) == PLATE_OK &&
            credential_from_plate(ret_plate, ret_credential)) ||
           request_refuse(request, ERROR_ARG_BAD, "plate", "...", "not a whole Chinese plate");
}

enum err request_vehicle(struct controller *ctl, const char *tenant, const struct plate *plate,
                         struct roster_holder *ret, Parkgate__HolderRecord **ret_before,
                         struct fault *fault)
{
    const struct roster_person vehicle = {.tenant = tenant,
                                          .name = "",
                                          .id_number = "",
                                          .phone = "",
                                          .agency = "",
                                          .external = "",
                                          .plate = plate->text};
    return roster_make_holder(ctl, &vehicle, ret, ret_before, fault);
}

static bool read_zones(const struct controller *ctl, struct request *request,
                       Parkgate__HolderRecord *record, char list[LIMIT_ARG_BYTES + 1],
                       char *zones[LIMIT_ZONES_PER_TENANT])
{
    const char *text = request_arg(request, "zones");
    if (text == NULL || text[0] == '\0') {
        return true;
    }
    memcpy(list, text, strlen(text) + 1);
    record->zone = zones;
    return request_names(request, "zone", list, request_zone_exists, ctl->park, zones,
                         LIMIT_ZONES_PER_TENANT, &record->n_zone);
}

/* A vehicle and its plate as a credential. */
static enum err record_vehicle(struct controller *ctl, struct request *request,
                               struct roster_holder *holder, const struct credential *credential,
                               struct handle *ret_credential, struct fault *fault)
{
    struct roster_credential made;
    enum err err = ERR_OK;
    if (!roster_make_credential(ctl, holder->handle, CREDENTIAL_KIND_PLATE,
                                credential_view(credential), &made, &request->answer->complaint,
                                &err, fault)) {
        return err;
    }
    TRY(controller_record(ctl, ENTRY_HOLDER, request->key->name, &holder->record.base, fault));
    TRY(controller_record(ctl, ENTRY_CREDENTIAL, request->key->name, &made.record.base, fault));
    *ret_credential = made.handle;
    return ERR_OK;
}

/* Handles of persons, with commas. False: refused, or *ret_err is trouble of ours. */
struct drivers {
    struct handle handles[LIMIT_DRIVERS_PER_VEHICLE];
    ProtobufCBinaryData fields[LIMIT_DRIVERS_PER_VEHICLE];
    size_t count;
};

static bool add_driver(struct controller *ctl, struct request *request, const char *text,
                       size_t size, struct drivers *ret, enum err *ret_err, struct fault *fault)
{
    char one[HANDLE_TEXT_SIZE] = "";
    Parkgate__HolderRecord *person = NULL;
    if (ret->count == LIMIT_DRIVERS_PER_VEHICLE) {
        return request_refuse(request, ERROR_LIMIT_REACHED, "drivers of a vehicle", "16", NULL);
    }
    if (size < sizeof(one)) {
        memcpy(one, text, size);
    }
    struct handle *handle = &ret->handles[ret->count];
    if (!handle_from_text(one, handle)) {
        return request_refuse(request, ERROR_ARG_BAD, "drivers", "...",
                              "handles of persons, with commas");
    }
    *ret_err = request_person(ctl, request, *handle, "driver", &person, fault);
    if (person == NULL) {
        return false;
    }
    parkgate__holder_record__free_unpacked(person, NULL);
    ret->fields[ret->count++] = people_field(handle);
    return true;
}

static bool read_drivers(struct controller *ctl, struct request *request,
                         Parkgate__HolderRecord *record, struct drivers *ret, enum err *ret_err,
                         struct fault *fault)
{
    const char *at = request_arg(request, "drivers");
    ret->count = 0;
    if (at == NULL || at[0] == '\0') {
        return true;
    }
    for (;;) {
        size_t size = strcspn(at, ",");
        if (!add_driver(ctl, request, at, size, ret, ret_err, fault)) {
            return false;
        }
        if (at[size] == '\0') {
            break;
        }
        at += size + 1;
    }
    record->n_driver = ret->count;
    record->driver = ret->fields;
    return true;
}

/* Only ever booked: no standing permission. */
static bool is_only_booked(const Parkgate__HolderRecord *vehicle)
{
    return vehicle->vehicle && vehicle->until_us != 0 && vehicle->until_us <= vehicle->from_us;
}

static bool may_add(const struct roster_holder *holder, const Parkgate__HolderRecord *before)
{
    bool takes_over = before != NULL && !holder->foreign && is_only_booked(before);
    return !holder->clashes && (!holder->existed || takes_over);
}

static enum err on_vehicle_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    const struct park_tenant *tenant = NULL;
    struct plate plate;
    struct credential credential;
    struct roster_holder holder;
    struct drivers drivers;
    struct handle given;
    Parkgate__HolderRecord *before = NULL;
    char list[LIMIT_ARG_BYTES + 1];
    char *zones[LIMIT_ZONES_PER_TENANT];
    if (!request_tenant(ctl, request, &tenant) || !request_plate(request, &credential, &plate)) {
        return ERR_OK;
    }
    enum err err = request_vehicle(ctl, tenant->name.text, &plate, &holder, &before, fault);
    if (err == ERR_OK && !may_add(&holder, before)) {
        (void)request_refuse(request, ERROR_EXISTS, "vehicle", "of this plate", NULL);
    } else if (err == ERR_OK) {
        holder.record.from_us = holder.record.until_us = 0;
        if (read_zones(ctl, request, &holder.record, list, zones) &&
            read_drivers(ctl, request, &holder.record, &drivers, &err, fault) &&
            request_day_us(ctl, request, "from", false, &holder.record.from_us) &&
            request_day_us(ctl, request, "until", true, &holder.record.until_us)) {
            err = record_vehicle(ctl, request, &holder, &credential, &given, fault);
            answer_note_handle(request->answer, "credential", given);
            answer_note_handle(request->answer, "vehicle", holder.handle);
        }
    }
    if (before != NULL) {
        parkgate__holder_record__free_unpacked(before, NULL);
    }
    return err;
}

/* By handle, or by plate. */
static bool vehicle_handle(struct controller *ctl, struct request *request, struct handle *ret,
                           enum err *ret_err, struct fault *fault)
{
    struct plate plate;
    struct credential credential;
    *ret_err = ERR_OK;
    if (request_arg(request, "plate") == NULL) {
        return request_handle(request, "vehicle", ret);
    }
    if (!request_plate(request, &credential, &plate)) {
        return false;
    }
    struct seal_hash hash = controller_id_hash(ctl, "plate", bytes_of_text(plate.text));
    *ret_err = people_handle_of_id(ctl->txn, BYTES_OF(hash.bytes), ret, fault);
    if (*ret_err == ERR_NOT_FOUND) {
        *ret_err = ERR_OK;
        return request_refuse(request, ERROR_NOT_FOUND, "vehicle", "of this plate", NULL);
    }
    return *ret_err == ERR_OK;
}

static enum err on_vehicle_remove(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    struct handle handle;
    const char *reason = NULL;
    Parkgate__HolderRecord *holder = NULL;
    enum err err = ERR_OK;
    if (!request_need(request, "reason", &reason) ||
        !vehicle_handle(ctl, request, &handle, &err, fault)) {
        return err;
    }
    TRY(request_holder(ctl, request, handle, "vehicle", &holder, fault));
    if (holder == NULL) {
        return ERR_OK;
    }
    if (holder->vehicle && request_owns(request, holder->tenant)) {
        Parkgate__HolderRecord changed = *holder;
        changed.removed = true;
        changed.stage = 0;
        changed.previous = (ProtobufCBinaryData){0};
        err = controller_record(ctl, ENTRY_HOLDER, request->key->name, &changed.base, fault);
    } else if (!holder->vehicle) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "vehicle", "of this handle", NULL);
    }
    parkgate__holder_record__free_unpacked(holder, NULL);
    return err;
}

/* --- bookings --- */

/* What the arguments of a booking say. */
struct wanted {
    const struct park_tenant *tenant;
    struct plate plate;
    struct credential credential;
    struct handle driver;
    struct name zone;
    int64_t from_us, until_us;
};

static bool read_booking(struct controller *ctl, struct request *request, struct wanted *ret)
{
    if (!request_tenant(ctl, request, &ret->tenant) ||
        !request_plate(request, &ret->credential, &ret->plate) ||
        !request_handle(request, "driver", &ret->driver) ||
        !request_name(request, "zone", &ret->zone) ||
        !request_window(ctl, request, &ret->from_us, &ret->until_us)) {
        return false;
    }
    if (park_zone(ctl->park, ret->zone) == NULL) {
        return request_refuse(request, ERROR_NOT_FOUND, "zone", ret->zone.text, NULL);
    }
    return park_tenant_may_enter(ctl->park, ret->tenant, ret->zone) ||
           request_refuse(request, ERROR_ARG_BAD, "zone", ret->zone.text,
                          "not among the tenant's zones");
}

/* The vehicle as it is known, or a new one without a standing permission. */
static enum err booked_vehicle(struct controller *ctl, struct request *request,
                               const struct wanted *wanted, struct handle *ret, struct fault *fault)
{
    struct roster_holder holder;
    struct handle given;
    Parkgate__HolderRecord *before = NULL;
    enum err err =
        request_vehicle(ctl, wanted->tenant->name.text, &wanted->plate, &holder, &before, fault);
    if (err == ERR_OK && !holder.existed) {
        holder.record.from_us = holder.record.until_us = ctl->now.us;
        holder.record.n_zone = holder.record.n_driver = 0;
        err = record_vehicle(ctl, request, &holder, &wanted->credential, &given, fault);
    }
    *ret = holder.handle;
    if (before != NULL) {
        parkgate__holder_record__free_unpacked(before, NULL);
    }
    return err;
}

static enum err book(struct controller *ctl, struct request *request, const struct wanted *wanted,
                     struct fault *fault)
{
    size_t left = 0;
    struct handle vehicle;
    struct handle handle = controller_draw_handle(ctl);
    struct name zone = wanted->zone;
    Parkgate__BookingRecord record = PARKGATE__BOOKING_RECORD__INIT;
    TRY(booked_vehicle(ctl, request, wanted, &vehicle, fault));
    TRY(bookings_left(ctl->txn, vehicle, ctl->now, &left, fault));
    if (left >= LIMIT_BOOKINGS_PER_VEHICLE) {
        (void)request_refuse(request, ERROR_LIMIT_REACHED, "bookings of one vehicle", "16", NULL);
        return ERR_OK;
    }
    record.booking = people_field(&handle);
    record.tenant = field_text(wanted->tenant->name.text);
    record.vehicle = people_field(&vehicle);
    record.driver = people_field(&wanted->driver);
    record.zone = zone.text;
    record.from_us = wanted->from_us;
    record.until_us = wanted->until_us;
    TRY(controller_record(ctl, ENTRY_BOOKING, request->key->name, &record.base, fault));
    answer_note_handle(request->answer, "booking", handle);
    return ERR_OK;
}

static enum err on_booking_add(struct controller *ctl, struct request *request, struct fault *fault)
{
    struct wanted wanted;
    Parkgate__HolderRecord *driver = NULL;
    if (!read_booking(ctl, request, &wanted)) {
        return ERR_OK;
    }
    TRY(request_person(ctl, request, wanted.driver, "driver", &driver, fault));
    if (driver == NULL) {
        return ERR_OK;
    }
    parkgate__holder_record__free_unpacked(driver, NULL);
    return book(ctl, request, &wanted, fault);
}

static enum err on_booking_cancel(struct controller *ctl, struct request *request,
                                  struct fault *fault)
{
    struct handle handle;
    const char *reason = NULL;
    Parkgate__BookingRecord *record = NULL;
    if (!request_handle(request, "booking", &handle) || !request_need(request, "reason", &reason)) {
        return ERR_OK;
    }
    enum err err = booking_get(ctl->txn, handle, &record, fault);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && record->cancelled)) {
        (void)request_refuse(request, ERROR_NOT_FOUND, "booking", "of this handle", NULL);
        err = ERR_OK;
    } else if (err == ERR_OK && request_owns(request, record->tenant)) {
        Parkgate__BookingRecord changed = *record;
        changed.cancelled = true;
        changed.reason = field_text(reason);
        err = controller_record(ctl, ENTRY_BOOKING, request->key->name, &changed.base, fault);
    }
    if (record != NULL) {
        parkgate__booking_record__free_unpacked(record, NULL);
    }
    return err;
}

static bool booking_row(struct controller *ctl, struct answer *a,
                        const Parkgate__BookingRecord *record)
{
    answer_begin_row(a);
    answer_handle(a, people_handle(&record->booking));
    answer_text(a, record->tenant);
    answer_handle(a, people_handle(&record->driver));
    answer_text(a, record->zone);
    answer_wall(a, (struct wall){record->from_us});
    answer_wall(a, (struct wall){record->until_us});
    answer_text(a, record->from_us <= ctl->now.us ? "now" : "later");
    return answer_end_row(a);
}

static enum err list_booking(struct controller *ctl, struct answer *a, struct handle handle,
                             bool *ret_fits, struct fault *fault)
{
    Parkgate__BookingRecord *record = NULL;
    TRY(booking_get(ctl->txn, handle, &record, fault));
    *ret_fits = booking_row(ctl, a, record);
    parkgate__booking_record__free_unpacked(record, NULL);
    return ERR_OK;
}

static enum err on_booking_list(struct controller *ctl, struct request *request,
                                struct fault *fault)
{
    answer_columns(request->answer, "booking,tenant,driver,zone,from_us,until_us,state");
    return request_expected(ctl, request, TABLE_BOOKING_TENANT, list_booking, fault);
}

const struct verb_handler verbs_of_vehicles[] = {
    {"vehicle.add",    on_vehicle_add   },
    {"vehicle.remove", on_vehicle_remove},
    {"booking.add",    on_booking_add   },
    {"booking.cancel", on_booking_cancel},
    {"booking.list",   on_booking_list  },
};
const size_t verbs_of_vehicles_count = ARRAY_LEN(verbs_of_vehicles);
