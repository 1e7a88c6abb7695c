/* SPDX-License-Identifier: EUPL-1.2 */
/* What the pages say. Short sentences: they are read aloud, and repeated on the phone. {0} is filled in by whoever puts the text. */
#include "sso/pages/texts.h"

#define T(id, english, french) [LK_TEXT_##id] = {english, french}

static const char *const texts[LK_TEXTS][LK_LANGUAGES] = {
    T(LOGIN, "Log in", "Connexion"),
    T(LOGIN_TO, "Log in to", "Connexion à"),
    T(START_TITLE, "Log in with your security key", "Connectez-vous avec votre clé de sécurité"),
    T(STEP_INSERT, "Plug your key into this device.", "Branchez votre clé sur cet appareil."),
    T(STEP_PIN, "When the browser asks, type the PIN of the key.",
      "À la demande du navigateur, saisissez le code PIN de la clé."),
    T(STEP_TOUCH, "Touch the key when it blinks.", "Touchez la clé lorsqu’elle clignote."),
    T(STEP_PASSWORD, "Then type your password.", "Saisissez ensuite votre mot de passe."),
    T(USE, "Use my security key", "Utiliser ma clé de sécurité"),
    T(AGAIN, "Try again", "Réessayer"),
    T(WAITING_TITLE, "Touch your security key", "Touchez votre clé de sécurité"),
    T(WAITING,
      "Follow your browser’s window: type the PIN of the key, then touch the key when it "
      "blinks. You have two minutes.",
      "Suivez la fenêtre de votre navigateur : saisissez le code PIN de la clé, puis touchez la "
      "clé "
      "lorsqu’elle clignote. Vous avez deux minutes."),
    T(WAITING_PHONE,
      "If the browser offers a phone, a tablet or this computer, choose “Security key” instead.",
      "Si le navigateur propose un téléphone, une tablette ou cet ordinateur, choisissez plutôt "
      "« Clé de sécurité »."),
    T(CANCEL, "Cancel", "Annuler"),
    T(CHECKING_TITLE, "One moment", "Un instant"),
    T(CHECKING, "Your login is being checked.", "Votre connexion est en cours de vérification."),
    T(CANCELLED_TITLE, "The key has not been used", "La clé n’a pas été utilisée"),
    T(CANCELLED, "The request was cancelled. You can try again as often as you like.",
      "La demande a été annulée. Vous pouvez réessayer autant de fois que nécessaire."),
    T(CANCELLED_KEY,
      "If the browser said that it knows no such key, it is not the one that was issued for this "
      "login: take the one your organisation gave you.",
      "Si le navigateur a indiqué ne pas reconnaître la clé, ce n’est pas celle qui a été délivrée "
      "pour cette connexion : prenez celle que votre organisation vous a remise."),
    T(LATE_TITLE, "The two minutes are over", "Le délai de deux minutes est écoulé"),
    T(LATE, "The key was not touched in time. Plug it in, try again and touch it when it blinks.",
      "La clé n’a pas été touchée à temps. Branchez-la, réessayez et touchez-la lorsqu’elle "
      "clignote."),
    T(FAILED_TITLE, "The key could not be used", "La clé n’a pas pu être utilisée"),
    T(FAILED,
      "Unplug the key, plug it in again and try again. If that does not help, use another "
      "USB port or restart the browser.",
      "Débranchez la clé, rebranchez-la et réessayez. Si le problème persiste, changez de port USB "
      "ou redémarrez le navigateur."),
    T(UNSUPPORTED_TITLE, "This browser cannot use a security key",
      "Ce navigateur ne peut pas utiliser de clé de sécurité"),
    T(UNSUPPORTED,
      "Open your application in an up-to-date Firefox, Chrome, Edge or Safari, and log in there.",
      "Ouvrez votre application dans une version à jour de Firefox, Chrome, Edge ou Safari, puis "
      "connectez-vous."),
    T(NOSCRIPT_TITLE, "This page needs JavaScript", "Cette page a besoin de JavaScript"),
    T(NOSCRIPT,
      "A browser can speak to a security key only by a script. The one of this page comes from "
      "this server alone. Allow it and load the page again.",
      "Un navigateur ne peut dialoguer avec une clé de sécurité que par un script. Celui de cette "
      "page provient uniquement de ce serveur. Autorisez-le et rechargez la page."),
    T(NO_KEY, "No key at hand?", "Vous n’avez pas votre clé ?"),
    T(NO_KEY_HELP,
      "Nobody gets in without a key, and nobody may ask you for yours. Lost or stolen: report it "
      "at once, your sessions will be ended.",
      "Sans clé, aucune connexion n’est possible, et personne ne doit vous demander la vôtre. En "
      "cas de perte ou de vol, signalez-le immédiatement : vos sessions seront fermées."),
    T(NEVER, "This page is genuine only at", "Cette page n’est authentique qu’à l’adresse"),
    T(HELLO, "Hello", "Bonjour"),
    T(PASSWORD_LEAD, "Your key has been recognised. Type your password to finish.",
      "Votre clé a été reconnue. Saisissez votre mot de passe pour terminer."),
    T(PASSWORD_LABEL, "Password", "Mot de passe"),
    T(PASSWORD_SEND, "Log in", "Se connecter"),
    T(PASSWORD_SHOW, "Show the password", "Afficher le mot de passe"),
    T(PASSWORD_LEFT, "Tries left:", "Essais restants :"),
    T(PASSWORD_LAST, "This is the last try. After it you begin again with your key.",
      "C’est le dernier essai. Ensuite, il faudra recommencer avec votre clé."),
    T(NOT_YOU, "If this is not you, close this page.", "Si ce n’est pas vous, fermez cette page."),
    T(SYSTEM_SAID, "Message of the system:", "Message du système :"),
    T(BACK, "Go back to your application and begin again from there.",
      "Revenez à votre application et recommencez à partir de celle-ci."),
    T(CODE, "Code for the IT desk:", "Code pour l’assistance :"),
    T(DETAIL,
      "For whoever runs the application:", "À l’attention de l’administrateur de l’application :"),
    T(LOGGED_OUT_TITLE, "You are logged out", "Vous êtes déconnecté"),
    T(LOGGED_OUT, "You may close this page. To log in again, open your application.",
      "Vous pouvez fermer cette page. Pour vous reconnecter, ouvrez votre application."),
    T(NOBODY_TITLE, "Log out in your application", "Déconnectez-vous dans votre application"),
    T(NOBODY,
      "This page keeps no session, so nothing has been ended here. Open your application and log "
      "out there.",
      "Cette page ne conserve aucune session : rien n’a été fermé ici. Ouvrez votre application et "
      "déconnectez-vous depuis celle-ci."),
    T(WELCOME_TITLE, "This is where you log in with your security key",
      "Ici, vous vous connectez avec votre clé de sécurité"),
    T(WELCOME,
      "There is nothing to do on this page. Open your application: it will bring you here.",
      "Il n’y a rien à faire sur cette page. Ouvrez votre application : elle vous conduira ici."),
    T(NOT_FOUND_TITLE, "There is no such page", "Cette page n’existe pas"),
    T(NOT_FOUND, "The address may have been copied badly. To log in, open your application.",
      "L’adresse a peut-être été mal recopiée. Pour vous connecter, ouvrez votre application."),
    T(METHOD_TITLE, "This address is not opened this way",
      "Cette adresse ne s’ouvre pas de cette manière"),
    T(METHOD, "It belongs to a login that is under way. To log in, open your application.",
      "Elle fait partie d’une connexion en cours. Pour vous connecter, ouvrez votre application."),
    T(TOO_LONG_TITLE, "The request is too long", "La requête est trop longue"),
    T(TOO_LONG, "It cannot have come from this page. Go back to your application and begin again.",
      "Elle ne peut pas provenir de cette page. Revenez à votre application et recommencez."),
    T(FORM_TITLE, "The request cannot be read", "La requête est illisible"),
    T(FORM,
      "It cannot have come from this page as it is. Go back to your application and begin again.",
      "Elle ne peut pas provenir de cette page en l’état. Revenez à votre application et "
      "recommencez."),
    T(AWAY_TITLE, "Login is unavailable at the moment", "Connexion momentanément indisponible"),
    T(AWAY,
      "The login service does not answer. Try again in a minute. Sessions that are open are not "
      "affected.",
      "Le service de connexion ne répond pas. Réessayez dans une minute. Vos sessions ouvertes ne "
      "sont pas touchées."),
    T(SKIP, "Skip to the content", "Aller au contenu"),
};

const char *lk_text(enum lk_language language, enum lk_text text)
{
    return texts[text][language];
}
