/* SPDX-License-Identifier: BSD-2-Clause */
/* The clerk is the user `weir`, to whom the state and the history then belong, or else whoever owns
 * the state folder; the judge is somebody who owns nothing. */
#include "cmd/run_users.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/owner.h"

#define NOBODY 65534
#define CLERK "weir"
#define JUDGE "weir-judge"

struct owner {
	uid_t uid;			/* 0: nobody in particular */
	gid_t gid;
};

static void choose_judge(struct run_options *o)
{
	const struct passwd *judge = getpwnam(JUDGE);

	o->judge_uid = judge ? judge->pw_uid : NOBODY;
	o->judge_gid = judge ? judge->pw_gid : NOBODY;
}

/* True where root owns it; what is not there yet belongs to who makes it. */
static bool is_roots(const char *path)
{
	struct stat status;

	return stat(path, &status) != 0 || status.st_uid == 0;
}

static bool is_there(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0;
}

/* The user to whom root's state is to be given; false: nobody, and everything stays as it is. */
static bool find_heir(const struct run_options *o, const char *past, struct owner *out,
		      struct text *note)
{
	const struct passwd *clerk;

	if (geteuid() != 0 || !is_roots(o->state))
		return false;
	clerk = getpwnam(CLERK);
	if (!clerk)
		text_put(note, "there is no user " CLERK ": the clerk keeps root's user id, without "
			 "capabilities");
	else if (strcmp(past, o->state) != 0 && is_there(past) && is_roots(past))
		text_printf(note, "%s, where the history is, belongs to root: so the clerk keeps root's "
			    "user id, without capabilities", past);
	else
		*out = (struct owner){ clerk->pw_uid, clerk->pw_gid };
	return out->uid != 0;
}

static void choose_clerk(struct run_options *o, const struct owner *heir)
{
	struct stat status;

	o->clerk_uid = geteuid();
	o->clerk_gid = getegid();
	if (heir->uid != 0) {
		o->clerk_uid = heir->uid;
		o->clerk_gid = heir->gid;
	} else if (stat(o->state, &status) == 0) {
		o->clerk_uid = status.st_uid;
		o->clerk_gid = status.st_gid;
	}
}

void run_users_look(struct run_options *o, struct text *note)
{
	char *past = folder_of_file(o->history);
	struct owner heir = { 0 };

	o->own_uid = geteuid();
	choose_judge(o);
	find_heir(o, past, &heir, note);
	choose_clerk(o, &heir);
	free(past);
}

static int give(const struct owner *heir, const char *path, struct text *note)
{
	int error = folder_hand_over(path, heir->uid, heir->gid);

	if (error == -ENOTEMPTY)
		text_printf(note, "%s holds more than weir's files: it stays root's, and the clerk keeps "
			    "root's user id, without capabilities", path);
	return error;
}

/* Root makes the folders theirs; -ENOTEMPTY: all stays as it is. */
static int give_all(const struct run_options *o, const char *past, const struct owner *heir,
		    struct text *note)
{
	int error = is_roots(past) ? give(heir, past, note) : 0;

	if (error == 0 && is_roots(o->state))
		error = give(heir, o->state, note);
	return error;
}

int run_users_begin(struct run_options *o, struct text *note)
{
	char *past = folder_of_file(o->history);
	struct owner heir = { 0 };
	bool has_heir = find_heir(o, past, &heir, note);
	int error = folder_make(o->state);

	if (error == 0)
		error = folder_make(past);
	if (error == 0 && has_heir)
		error = give_all(o, past, &heir, note);
	if (error == -ENOTEMPTY) {
		heir = (struct owner){ 0 };
		error = 0;
	}
	o->own_uid = geteuid();
	choose_judge(o);
	choose_clerk(o, &heir);
	/* an older weir kept what it wrote from the keeper, who is of his group alone */
	if (o->own_uid == 0 && !has_heir && o->clerk_uid != 0)
		(void)folder_hand_over(o->state, o->clerk_uid, o->clerk_gid);
	free(past);
	return error;
}
