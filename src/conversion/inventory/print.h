/* SPDX-License-Identifier: BSD-2-Clause */
/* print.h - an inventory for a person, and for a program */
#ifndef NACRE_CONVERSION_PRINT_H
#define NACRE_CONVERSION_PRINT_H

#include "base/json.h"
#include "conversion/inventory/inventory.h"

/** nacre_inventory_text() - aligned columns, findings last. @width: columns of the terminal, at least 60 */
void nacre_inventory_text(const struct nacre_inventory *inventory, FILE *to, int width);
/** nacre_inventory_json() - one object; its keys are explained in nacre(1) and stay as they are */
void nacre_inventory_json(const struct nacre_inventory *inventory, struct json *j, const char *key);
const char *nacre_severity_name(enum nacre_severity severity);
/** nacre_size_text() - "512 B", "3.5 GiB". Return: @to */
const char *nacre_size_text(char *to, size_t size, uint64_t bytes);

#endif
