/* park_sign: what the park says with its own signature.
 *
 * The park has one Ed25519 key, in sign.key beside the controller's key file, made at the first
 * start and part of every backup. What is signed begins with a line that names it:
 *
 *   parkgate journal head 1      controller/app/anchors.h
 *   parkgate sign key 1          controller/app/anchors.h
 *   parkgate disclosure 1        controller/app/disclosure.h
 *
 * Whoever adds one adds its line to this list.
 */
#pragma once

#include "controller/app/controller.h"

/* Signs `message`, which begins with such a line (else it aborts). */
void park_sign(const struct controller *ctl, struct bytes message, struct sign_value *ret);
struct sign_public park_sign_public(const struct controller *ctl);
