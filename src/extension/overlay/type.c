/* SPDX-License-Identifier: BSD-2-Clause */
/* type.c - C types and structs, taken over from libclang */
#include "reader.h"

#include <string.h>

static enum nacre_type_kind plain_kind(enum CXTypeKind kind, bool *is_signed)
{
	*is_signed = false;
	switch (kind) {
	case CXType_Void:
		return NACRE_TYPE_VOID;
	case CXType_Bool:
		return NACRE_TYPE_BOOL;
	case CXType_Char_S:
	case CXType_SChar:
	case CXType_Short:
	case CXType_Int:
	case CXType_Long:
	case CXType_LongLong:
	case CXType_WChar:
		*is_signed = true;
		return NACRE_TYPE_INT;
	case CXType_Char_U:
	case CXType_UChar:
	case CXType_Char16:
	case CXType_Char32:
	case CXType_UShort:
	case CXType_UInt:
	case CXType_ULong:
	case CXType_ULongLong:
		return NACRE_TYPE_INT;
	case CXType_Enum:
		return NACRE_TYPE_ENUM;
	case CXType_Float:
	case CXType_Double:
		return NACRE_TYPE_FLOAT;
	default:
		return NACRE_TYPE_OTHER;
	}
}

/* The typedefs that @t goes through, outermost first. */
static const char *const *typedef_names(struct reader *r, CXType t)
{
	const char **names = nacre_arena_alloc(r->arena, 9 * sizeof(*names));
	int n = 0;

	while (n < 8) {
		if (t.kind == CXType_Elaborated) {
			t = clang_Type_getNamedType(t);
		} else if (t.kind == CXType_Typedef) {
			names[n++] = reader_text(r, clang_getTypedefName(t));
			t = clang_getTypedefDeclUnderlyingType(clang_getTypeDeclaration(t));
		} else {
			break;
		}
	}
	return names;
}

/* @t without the typedefs around it, but with those inside it (of what it points to). */
static CXType unwrapped(CXType t)
{
	for (;;) {
		if (t.kind == CXType_Elaborated)
			t = clang_Type_getNamedType(t);
		else if (t.kind == CXType_Typedef)
			t = clang_getTypedefDeclUnderlyingType(clang_getTypeDeclaration(t));
		else if (t.kind == CXType_Attributed)
			t = clang_Type_getModifiedType(t);
		else
			return t;
	}
}

static struct nacre_record *read_record(struct reader *r, CXType t)
{
	CXType plain = clang_getCanonicalType(t);
	const char *spelling = reader_text(r, clang_getTypeSpelling(plain));
	CXCursor decl = clang_getTypeDeclaration(plain);
	struct nacre_record *record;

	if (!strncmp(spelling, "const ", 6))
		spelling += 6;
	for (record = r->m->records; record; record = record->next)
		if (!strcmp(record->key, spelling))
			return record;
	record = nacre_arena_alloc(r->arena, sizeof(*record));
	*r->record_end = record;
	r->record_end = &record->next;
	record->spelling = record->key = spelling;
	record->nameless = strchr(spelling, '(') != NULL; /* "struct (unnamed at ..)" */
	if (!record->nameless) {
		const char *space = strchr(spelling, ' ');

		record->name = space ? space + 1 : spelling;
	}
	record->is_union = clang_getCursorKind(decl) == CXCursor_UnionDecl;
	if (clang_Type_getSizeOf(plain) < 0)
		return record;
	record->complete = true;
	record->size = (uint64_t)clang_Type_getSizeOf(plain);
	record->align = (uint64_t)clang_Type_getAlignOf(plain);
	if (!record->nameless) /* else once its parent has said what to call it */
		record->fields = reader_fields(r, plain, record);
	return record;
}

/* A typedef of an array keeps its const to itself: it is the element's. */
static struct nacre_type *element_type(struct reader *r, CXType array)
{
	CXType element = clang_getArrayElementType(unwrapped(array));
	CXType plain = clang_getArrayElementType(clang_getCanonicalType(array));
	bool lost = clang_isConstQualifiedType(plain) &&
		    !clang_isConstQualifiedType(clang_getCanonicalType(element));

	return reader_type(r, lost ? plain : element);
}

struct nacre_type *reader_type(struct reader *r, CXType t)
{
	struct nacre_type *type = nacre_arena_alloc(r->arena, sizeof(*type));
	CXType plain = clang_getCanonicalType(t);
	long long size = clang_Type_getSizeOf(plain), align = clang_Type_getAlignOf(plain);

	type->spelling = reader_text(r, clang_getTypeSpelling(t));
	type->canonical = reader_text(r, clang_getTypeSpelling(plain));
	type->names = typedef_names(r, t);
	type->is_const = clang_isConstQualifiedType(plain);
	type->is_volatile = clang_isVolatileQualifiedType(plain);
	type->size = size > 0 ? (uint64_t)size : 0;
	type->align = align > 0 ? (uint64_t)align : 1;
	switch (plain.kind) {
	case CXType_Pointer:
		type->kind = NACRE_TYPE_POINTER;
		type->target = reader_type(r, clang_getPointeeType(unwrapped(t)));
		break;
	case CXType_ConstantArray:
	case CXType_IncompleteArray:
	case CXType_VariableArray:
		type->kind = NACRE_TYPE_ARRAY;
		type->target = element_type(r, t);
		if (plain.kind == CXType_ConstantArray)
			type->count = (uint64_t)clang_getArraySize(plain);
		break;
	case CXType_FunctionProto:
	case CXType_FunctionNoProto:
		type->kind = NACRE_TYPE_FUNCTION;
		break;
	case CXType_Record:
		type->record = read_record(r, t);
		type->kind = type->record->is_union ? NACRE_TYPE_UNION : NACRE_TYPE_STRUCT;
		break;
	case CXType_Enum:
		plain_kind(clang_getEnumDeclIntegerType(clang_getTypeDeclaration(plain)).kind,
			   &type->is_signed);
		type->kind = NACRE_TYPE_ENUM;
		break;
	default:
		type->kind = plain_kind(plain.kind, &type->is_signed);
		break;
	}
	return type;
}

struct nacre_type *reader_named_type(struct reader *r, const char *name)
{
	bool tag = !strncmp(name, "struct ", 7) || !strncmp(name, "union ", 6);
	const char *plain = tag ? strchr(name, ' ') + 1 : name;

	for (int typedefs = tag ? 0 : 1; typedefs >= 0; typedefs--)
		for (struct named *n = r->named; n; n = n->next)
			if (n->is_typedef == (bool)typedefs && !strcmp(n->name, plain))
				return reader_type(r, n->type);
	return NULL;
}

struct field_list {
	struct reader *r;
	const struct nacre_record *record;
	uint64_t base; /* where the members without a name begin whose fields are read */
	struct nacre_item *first, **end;
};

/*
 * What a header gives no name has one in generated code: the type of this field. With it the fields
 * can be read, and it can have views.
 */
static void name_type(struct reader *r, const struct nacre_record *parent,
		      const struct nacre_item *field, CXType t)
{
	const char *index = "", *star = "";
	struct nacre_type *type = field->type;
	struct nacre_record *record;

	for (t = clang_getCanonicalType(t); type->kind == NACRE_TYPE_ARRAY; type = type->target) {
		index = nacre_arena_printf(r->arena, "%s[0]", index);
		t = clang_getArrayElementType(t);
	}
	if (type->kind == NACRE_TYPE_POINTER) {
		star = "*";
		type = type->target;
		t = clang_getPointeeType(t);
	}
	record = type->record;
	if (!record || !record->nameless)
		return;
	if (!record->name) {
		record->name = nacre_arena_printf(
			r->arena, "%s_%s", parent->name ? parent->name : "unnamed", field->name);
		record->spelling = nacre_arena_printf(r->arena, "__typeof__(%s((%s *)0)->%s%s)",
						      star, parent->spelling, field->name, index);
		record->fields = reader_fields(r, t, record);
	}
	type->spelling = record->spelling;
}

static enum CXVisitorResult visit_field(CXCursor c, CXClientData data)
{
	struct field_list *list = data;
	struct reader *r = list->r;
	struct nacre_item *field = nacre_arena_alloc(r->arena, sizeof(*field));
	CXType type = clang_getCursorType(c);

	field->name = reader_text(r, clang_getCursorSpelling(c));
	field->at = reader_at(r, c);
	field->offset = list->base + (uint64_t)clang_Cursor_getOffsetOfField(c);
	field->bit_field = clang_Cursor_isBitField(c);
	if (field->bit_field && !*field->name)
		return CXVisit_Continue; /* padding */
	field->type = reader_type(r, type);
	field->words = reader_words(r, c);
	if (!*field->name && field->type->kind == NACRE_TYPE_STRUCT) { /* its fields are ours */
		uint64_t base = list->base;

		list->base = field->offset;
		clang_Type_visitFields(clang_getCanonicalType(type), visit_field, list);
		list->base = base;
		return CXVisit_Continue;
	}
	if (*field->name)
		name_type(r, list->record, field, type);
	*list->end = field;
	list->end = &field->next;
	return CXVisit_Continue;
}

struct nacre_item *reader_fields(struct reader *r, CXType type, const struct nacre_record *record)
{
	struct field_list list = {.r = r, .record = record};

	list.end = &list.first;
	clang_Type_visitFields(type, visit_field, &list);
	return list.first;
}
