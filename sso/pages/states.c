/* SPDX-License-Identifier: EUPL-1.2 */
/* What a refusal says. Whoever has touched a key of his own is told what is the matter with it; before that, the issuer sends reasons that are the same for everybody.
 * A title names the state, the sentence says what to do. */
#include "sso/pages/texts.h"

#include <stddef.h>

#define DESK_EN     "Your IT desk can help you further."
#define DESK_FR     "Votre assistance informatique peut vous aider."
#define DESK_EN_END "your IT desk can help you further."
#define DESK_FR_END "votre assistance informatique peut vous aider."
#define ADMIN_EN                                                                                   \
    "It is not your doing. Try again in a minute; if it lasts, tell your IT desk the code below."
#define ADMIN_FR                                                                                       \
    "Vous n’y êtes pour rien. Réessayez dans une minute ; si cela persiste, communiquez le code " \
    "ci-dessous à votre assistance."
#define ROW(id, sign, title_en, title_fr, text_en, text_fr)                                        \
    {                                                                                              \
        LK_REASON_##id, LK_MARK_##sign, {title_en, title_fr},                                      \
        {                                                                                          \
            text_en, text_fr                                                                       \
        }                                                                                          \
    }
#define OTHER_KEY(id)                                                                                \
    ROW(id, REFUSED, "This key is not known here", "Cette clé n’est pas connue ici",                 \
        "Take the key your organisation gave you for this login. If this is that key, ask your "     \
        "IT desk.",                                                                                  \
        "Prenez la clé que votre organisation vous a remise pour cette connexion. Si c’est bien " \
        "elle, adressez-vous à votre assistance.")
#define BAD_ANSWER(id)                                                                             \
    ROW(id, WARNING, "The answer of the key cannot be used",                                       \
        "La réponse de la clé est inutilisable",                                                   \
        "Unplug the key, plug it in again and try again. If it happens twice, tell your IT desk.", \
        "Débranchez la clé, rebranchez-la et réessayez. Si cela se reproduit, prévenez votre " \
        "assistance.")
#define TOO_LATE(id)                                                                                   \
    ROW(id, CLOCK, "The answer came too late", "La réponse est arrivée trop tard",                     \
        "For your safety a login must be finished within a few minutes. Begin again, you lose "        \
        "nothing.",                                                                                    \
        "Pour votre sécurité, une connexion doit être terminée en quelques minutes. Recommencez, " \
        "vous ne perdez rien.")
#define RECORD(id)                                                                                 \
    ROW(id, REFUSED, "The record of your key is not in order",                                     \
        "L’enregistrement de votre clé n’est pas en règle",                                        \
        "Your key answered well, but its record does not hold. Tell your IT desk the code below.", \
        "Votre clé a bien répondu, mais son enregistrement n’est pas valable. Communiquez le " \
        "code "                                                                                    \
        "ci-dessous à votre assistance.")
#define FAULT(id)                                                                                  \
    ROW(id, HOUSE, "Login is unavailable at the moment", "Connexion momentanément indisponible",   \
        ADMIN_EN, ADMIN_FR)

static const struct lk_state states[] = {
    /* The last resort, too. */
    FAULT(INTERNAL),
    FAULT(STORE_UNAVAILABLE),
    FAULT(STORE_ROLLED_BACK),
    FAULT(STORE_LOW),
    FAULT(REGISTER),
    FAULT(OPERATOR_SET),
    FAULT(CLOCK),
    FAULT(BROKER_UNAVAILABLE),
    FAULT(PROTOCOL),
    FAULT(CONFIG),
    FAULT(STACK),
    FAULT(STACK_UNAVAILABLE),
    FAULT(CONFLICT),

    OTHER_KEY(WRONG_KEY),
    OTHER_KEY(CREDENTIAL_UNKNOWN),
    OTHER_KEY(USER_HANDLE),
    OTHER_KEY(UNKNOWN_AGENT),
    OTHER_KEY(KIND),

    ROW(SUSPENDED, REFUSED, "Your key is suspended", "Votre clé est suspendue",
        "It opens nothing until your IT desk lets it in again. Have it with you when you call.",
        "Elle n’ouvre rien tant que votre assistance ne l’a pas réactivée. Ayez-la sous la main "
        "lorsque vous appelez."),
    ROW(REVOKED, REFUSED, "Your key is revoked", "Votre clé est révoquée",
        "It opens nothing any more and cannot be let in again. Ask your IT desk for a new one.",
        "Elle n’ouvre plus rien et ne peut pas être réactivée. Demandez-en une nouvelle à votre "
        "assistance."),
    ROW(PENDING, CLOCK, "Your key is not yet approved", "Votre clé n’est pas encore approuvée",
        "Its enrolment still waits for an approval. Try again later or ask your IT desk.",
        "Son enregistrement attend encore une approbation. Réessayez plus tard ou adressez-vous à "
        "votre assistance."),
    ROW(NOT_YET_VALID, CLOCK, "Your key is not valid yet", "Votre clé n’est pas encore valable",
        "It opens from the agreed date on.", "Elle fonctionnera à partir de la date convenue."),
    ROW(EXPIRED, CLOCK, "The time of your key is over",
        "La période de validité de votre clé est terminée", "Ask your IT desk to renew it.",
        "Demandez à votre assistance de la renouveler."),
    ROW(NAME_REASSIGNED, REFUSED, "This key belongs to an earlier account",
        "Cette clé correspond à un ancien compte",
        "The login name has another holder now. Ask your IT desk.",
        "L’identifiant a désormais un autre titulaire. Adressez-vous à votre assistance."),
    RECORD(SUPERSEDED),
    RECORD(STATEMENT),
    RECORD(ENDORSEMENT),
    RECORD(QUORUM),
    RECORD(UNLOGGED),
    RECORD(EVIDENCE),
    RECORD(ATTESTATION),
    RECORD(HOST_GROUP),
    ROW(FIRMWARE, REFUSED, "The firmware of your key is too old",
        "Le micrologiciel de votre clé est trop ancien",
        "It can no longer be used here. Ask your IT desk for another key.",
        "Elle ne peut plus être utilisée ici. Demandez-en une autre à votre assistance."),
    ROW(ADVISORY, REFUSED, "Your key has a known weakness",
        "Votre clé présente une faiblesse connue",
        "It is no longer accepted. Ask your IT desk for another key; they see the details.",
        "Elle n’est plus acceptée. Demandez-en une autre à votre assistance, qui en voit le "
        "détail."),
    ROW(MODEL, REFUSED, "This model of key is not allowed", "Ce modèle de clé n’est pas autorisé",
        "Ask your IT desk for a supported model.",
        "Demandez à votre assistance un modèle autorisé."),

    ROW(SYNCED, REFUSED, "This is not a security key", "Ce n’est pas une clé de sécurité",
        "What answered is a passkey of a phone, a computer or an account, which can be copied. "
        "Try again and choose “Security key” in the browser’s window.",
        "C’est une clé d’accès d’un téléphone, d’un ordinateur ou d’un compte qui a répondu ; elle "
        "peut être copiée. Réessayez et choisissez « Clé de sécurité » dans la fenêtre du "
        "navigateur."),
    ROW(USER_VERIFICATION, WARNING, "The PIN was not asked for", "Le code PIN n’a pas été demandé",
        "This login needs the PIN or the fingerprint of the key. " DESK_EN,
        "Cette connexion exige le code PIN ou l’empreinte de la clé. " DESK_FR),
    ROW(USER_PRESENCE, WARNING, "The key was not touched", "La clé n’a pas été touchée",
        "Try again and touch the key when it blinks.",
        "Réessayez et touchez la clé lorsqu’elle clignote."),
    ROW(COUNTER, REFUSED, "A copy of this key may exist", "Une copie de cette clé existe peut-être",
        "Its counter went back. Take the key to your IT desk at once.",
        "Son compteur a reculé. Apportez la clé à votre assistance sans attendre."),
    ROW(ORIGIN, REFUSED, "The request came from another address",
        "La demande provenait d’une autre adresse",
        "You may have been on an imitation of this page. Close it, open your application "
        "yourself, and tell your IT desk what you were doing.",
        "Vous étiez peut-être sur une imitation de cette page. Fermez-la, ouvrez vous-même votre "
        "application et expliquez à votre assistance ce que vous faisiez."),
    ROW(RELYING_PARTY, REFUSED, "The key answered for another service",
        "La clé a répondu pour un autre service",
        "Open your application yourself, and tell your IT desk what you were doing.",
        "Ouvrez vous-même votre application et expliquez à votre assistance ce que vous faisiez."),
    BAD_ANSWER(SIGNATURE),
    BAD_ANSWER(CLIENT_DATA),
    BAD_ANSWER(AUTHENTICATOR_DATA),
    BAD_ANSWER(CHALLENGE),
    ROW(REPLAY, WARNING, "This answer was used before", "Cette réponse a déjà servi",
        "Each touch opens one login. Try again and touch your key.",
        "Chaque contact ouvre une seule connexion. Réessayez et touchez votre clé."),
    TOO_LATE(EXPIRED_CHALLENGE),
    TOO_LATE(PROOF_EXPIRED),
    TOO_LATE(CODE_EXPIRED),
    ROW(PROOF, WARNING, "The key is asked for again", "La clé est demandée à nouveau",
        "Your last touch no longer counts for this login: it has been used, or something has "
        "changed since. Try again and touch your key.",
        "Votre dernier contact ne compte plus pour cette connexion : il a déjà servi, ou quelque "
        "chose a changé depuis. Réessayez et touchez votre clé."),
    ROW(CODE, WARNING, "This login was not begun here", "Cette connexion n’a pas commencé ici",
        "It belongs to another browser, or it is over already. Cookies must be allowed for this "
        "page.",
        "Elle appartient à un autre navigateur, ou elle est déjà terminée. Les cookies doivent "
        "être autorisés pour cette page."),

    ROW(LIMIT, CLOCK, "Too many tries", "Trop d’essais",
        "Wait a few minutes, then begin again with your key. " DESK_EN,
        "Attendez quelques minutes, puis recommencez avec votre clé. " DESK_FR),
    ROW(RATE_LIMITED, CLOCK, "Too many tries", "Trop d’essais",
        "Wait a few minutes, then begin again with your key. " DESK_EN,
        "Attendez quelques minutes, puis recommencez avec votre clé. " DESK_FR),
    ROW(PASSWORD, WARNING, "The password is wrong", "Le mot de passe est incorrect",
        "Check that the keyboard is not set to capitals.",
        "Vérifiez que les majuscules ne sont pas verrouillées."),
    ROW(PASSWORDS, WARNING, "Five wrong passwords", "Cinq mots de passe incorrects",
        "Begin again with your key, there is nothing to wait for. If you have forgotten the "
        "password: " DESK_EN_END,
        "Recommencez avec votre clé, il n’y a pas à attendre. Si vous avez oublié le mot de "
        "passe : " DESK_FR_END),
    ROW(PASSWORD_EXPIRED, CLOCK, "Your password must be changed",
        "Votre mot de passe doit être changé",
        "It is too old. Change it where your organisation says, then log in again.",
        "Il est trop ancien. Changez-le selon les indications de votre organisation, puis "
        "reconnectez-vous."),
    ROW(ACCOUNT_EXPIRED, CLOCK, "Your account is not open", "Votre compte n’est pas ouvert",
        "It is over, or not open at this time. " DESK_EN,
        "Il est arrivé à échéance, ou n’est pas ouvert en ce moment. " DESK_FR),
    ROW(NOT_SERVED, REFUSED, "This application is not open to you",
        "Cette application ne vous est pas ouverte", DESK_EN, DESK_FR),
    ROW(STRENGTH, REFUSED, "This application asks for another key",
        "Cette application exige une autre clé", "It needs a key of a proven model. " DESK_EN,
        "Il lui faut une clé dont le modèle est attesté. " DESK_FR),
    ROW(APPLICATION, WARNING, "The application’s request is not valid",
        "La demande de l’application n’est pas valide",
        "For your safety you are not sent back there. Tell its administrator, with the line below.",
        "Pour votre sécurité, vous n’y êtes pas renvoyé. Prévenez son administrateur en lui "
        "communiquant la ligne ci-dessous."),
};

const struct lk_state *lk_state_find(uint32_t reason)
{
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if ((uint32_t)states[i].reason == reason)
            return &states[i];
    }
    return &states[0];
}
