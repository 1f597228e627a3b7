//! Mails of the usual clients, and what their author added.

/// A mail's beginning, which is the author's, and its rest, which is not.
pub(super) const ANSWERS: &[(&str, &str, &str)] = &[
    // Outlook on the desktop
    (
        "outlook en",
        "Thank you, it works.\n\nAnn",
        "\n\nFrom: Sam Support <support@company.example>\nSent: Friday, November 20, 2026 10:12 AM\nTo: Ann Sender <ann@sender.example>\nSubject: RE: Printer\n\nHello Ann,\n\nDoes it print again?",
    ),
    (
        "outlook fr",
        "Merci, elle marche.",
        "\n\nDe : Sam Support <support@company.example>\nEnvoyé : vendredi 20 novembre 2026 10:12\nÀ : Anne Sender <anne@sender.example>\nObjet : RE: Imprimante\n\nBonjour Anne,",
    ),
    (
        "outlook de",
        "Danke, er druckt.",
        "\n\nVon: Sam Support <support@company.example>\nGesendet: Freitag, 20. November 2026 10:12\nAn: Änne Sender <aenne@sender.example>\nCc: Bob <bob@sender.example>\nBetreff: AW: Drucker\n\nGuten Tag",
    ),
    (
        "outlook with a line",
        "It prints.",
        "\n\n________________________________\nFrom: Sam Support <support@company.example>\nSent: 20 November 2026 10:12\nTo: Ann Sender\nSubject: Printer\n\nHello",
    ),
    (
        "outlook nbsp",
        "Merci.",
        "\n\nDe\u{a0}: Sam <support@company.example>\nEnvoyé\u{a0}: vendredi 20 novembre 2026 10:12\nÀ\u{a0}: Anne\nObjet\u{a0}: Imprimante\n\nBonjour",
    ),
    (
        "outlook bold",
        "Merci.",
        "\n\n*De :* Sam <support@company.example>\n*Envoyé :* vendredi 20 novembre 2026 10:12\n*À :* Anne\n*Objet :* Imprimante\n\nBonjour",
    ),
    (
        "outlook old en",
        "It prints.",
        "\n\n-----Original Message-----\nFrom: Sam Support [mailto:support@company.example]\nSent: Friday, November 20, 2026 10:12 AM\nTo: Ann\nSubject: Printer\n\nHello",
    ),
    (
        "outlook old fr",
        "Ça marche.",
        "\n\n-----Message d'origine-----\nDe : Sam Support [mailto:support@company.example]\nEnvoyé : vendredi 20 novembre 2026 10:12\nÀ : Anne\nObjet : Imprimante\n\nBonjour",
    ),
    ("outlook old fr, other apostrophe", "Ça marche.", "\n-----Message d’origine-----\nDe : Sam\n\nBonjour"),
    (
        "outlook old de",
        "Er druckt.",
        "\n\n-----Ursprüngliche Nachricht-----\nVon: Sam Support [mailto:support@company.example]\nGesendet: Freitag, 20. November 2026 10:12\nAn: Änne\nBetreff: Drucker\n\nGuten Tag",
    ),
    (
        "many recipients",
        "Er druckt.",
        "\n\nVon: Sam Support <support@company.example>\nGesendet: Freitag, 20. November 2026 10:12\nAn: Änne Sender <aenne@sender.example>; Bob Sender\n <bob@sender.example>; carl@sender.example;\ndora@sender.example\nBetreff: Drucker\n\nGuten Tag",
    ),
    (
        "paragraphs",
        "It prints.",
        "\n\nFrom: Sam <s@c.example>\n\nSent: 20/11/2026 10:12\n\nTo: Ann\n\nSubject: Printer\n\nHello",
    ),
    // Outlook on the web and on phones
    (
        "web",
        "It prints.",
        "\n________________________________\nFrom: Sam <support@company.example>\nSent: Friday, November 20, 2026 10:12 AM\nTo: Ann <ann@sender.example>\nSubject: Printer\n\nHello",
    ),
    (
        "phone en",
        "It prints.",
        "\n\nGet Outlook for iOS<https://aka.ms/o0ukef>\n________________________________\nFrom: Sam <s@c.example>\nSent: Friday, November 20, 2026 10:12:00 AM\nTo: Ann\nSubject: Printer\n\nHello",
    ),
    (
        "phone fr",
        "Elle marche.",
        "\n\nTélécharger Outlook pour Android<https://aka.ms/AAb9ysg>\n________________________________\nDe : Sam <s@c.example>\nEnvoyé : vendredi 20 novembre 2026 10:12\nÀ : Anne\nObjet : Imprimante\n\nBonjour",
    ),
    (
        "phone de",
        "Er druckt.",
        "\n\nHolen Sie sich Outlook für iOS<https://aka.ms/o0ukef>\n________________________________\nVon: Sam <s@c.example>\nGesendet: Freitag, 20. November 2026 10:12\nAn: Änne\nBetreff: Drucker\n\nGuten Tag",
    ),
    // Gmail
    (
        "gmail en",
        "It prints.",
        "\n\nOn Fri, Nov 20, 2026 at 10:12 AM Sam Support <support@company.example> wrote:\n\n> Hello Ann,\n>\n> Does it print again?\n",
    ),
    (
        "gmail en wrapped",
        "It prints.",
        "\n\nOn Fri, Nov 20, 2026 at 10:12 AM Sam Support <\nsupport@company.example> wrote:\n\n> Hello Ann,\n",
    ),
    (
        "gmail en wrapped twice",
        "It prints.",
        "\n\nOn Fri, Nov 20, 2026 at 10:12 AM\nSam Support of the Company\n<support@company.example> wrote:\n> Hello Ann,\n",
    ),
    (
        "gmail fr",
        "Elle marche.",
        "\n\nLe ven. 20 nov. 2026 à 10:12, Sam Support <support@company.example> a\nécrit :\n\n> Bonjour Anne,\n>\n",
    ),
    (
        "gmail de",
        "Er druckt.",
        "\n\nAm Fr., 20. Nov. 2026 um 10:12 Uhr schrieb Sam Support <\nsupport@company.example>:\n\n> Guten Tag,\n",
    ),
    // Apple Mail and iPhone
    (
        "apple en",
        "It prints.",
        "\n\n> On 20 Nov 2026, at 10:12, Sam Support <support@company.example> wrote:\n> \n> Hello Ann,\n",
    ),
    (
        "apple fr",
        "Elle marche.",
        "\n\nLe 20 nov. 2026 à 10:12, Sam Support <support@company.example> a écrit\u{a0}:\n\n> Bonjour\n",
    ),
    (
        "apple de",
        "Er druckt.",
        "\n\nAm 20.11.2026 um 10:12 schrieb Sam Support <support@company.example>:\n\n> Guten Tag\n",
    ),
    (
        "iphone en",
        "It prints.",
        "\n\nSent from my iPhone\n\n> On 20 Nov 2026, at 10:12, Sam <s@c.example> wrote:\n> \n> Hello",
    ),
    (
        "iphone fr",
        "Elle marche.",
        "\n\nEnvoyé de mon iPhone\n\n> Le 20 nov. 2026 à 10:12, Sam <s@c.example> a écrit :\n> \n> Bonjour",
    ),
    (
        "iphone de",
        "Er druckt.",
        "\n\nVon meinem iPhone gesendet\n\n> Am 20.11.2026 um 10:12 schrieb Sam <s@c.example>:\n> \n> Guten Tag",
    ),
    // Thunderbird
    ("thunderbird en", "It prints.", "\n\nOn 20/11/2026 10:12, Sam Support wrote:\n> Hello\n"),
    ("thunderbird fr", "Elle marche.", "\n\nLe 20/11/2026 à 10:12, Sam Support a écrit :\n> Bonjour\n"),
    ("thunderbird de", "Er druckt.", "\n\nAm 20.11.26 um 10:12 schrieb Sam Support:\n> Guten Tag\n"),
    // Notes
    (
        "notes en",
        "It prints.",
        "\n\n\n\nFrom:   Sam Support/Company\nTo:     Ann Sender/Sender@Sender\nDate:   20/11/2026 10:12\nSubject:        Printer\n\n\n\nHello Ann,",
    ),
    (
        "notes de",
        "Er druckt.",
        "\n\n\n\nVon:    Sam Support/Company\nAn:     Änne Sender/Sender@Sender\nKopie:  Bob/Sender\nDatum:  20.11.2026 10:12\nBetreff:        Drucker\n\n\n\nGuten Tag",
    ),
    // Yahoo
    (
        "yahoo en",
        "It prints.",
        "\n\n    On Friday, November 20, 2026 at 10:12:00 AM GMT+1, Sam Support <support@company.example> wrote:  \n \n Hello Ann,\n\nDoes it print?",
    ),
    (
        "yahoo fr",
        "Elle marche.",
        "\n\n    Le vendredi 20 novembre 2026 à 10:12:00 UTC+1, Sam Support <support@company.example> a écrit :\n\nBonjour Anne,\n\nMarche-t-elle ?",
    ),
    (
        "yahoo de",
        "Er druckt.",
        "\n\n    Am Freitag, 20. November 2026 um 10:12:00 MEZ hat Sam Support <support@company.example> Folgendes geschrieben:\n\nGuten Tag",
    ),
    // K-9, Samsung and others
    ("k-9 en", "It prints.", "\n-- \nSent from my Android device with K-9 Mail. Please excuse my brevity."),
    (
        "k-9 de",
        "Er druckt.",
        "\n\nAm 20. November 2026 10:12:00 MEZ schrieb Sam Support <support@company.example>:\n>Guten Tag,\n>\n>druckt er?\n\n-- \nDiese Nachricht wurde von meinem Android-Gerät mit K-9 Mail gesendet.",
    ),
    (
        "samsung en",
        "It prints.",
        "\n\nSent from my Galaxy\n\n\n-------- Original message --------\nFrom: Sam Support <support@company.example>\nDate: 20/11/2026 10:12 (GMT+00:00)\nTo: Ann\nSubject: Printer\n\nHello",
    ),
    (
        "samsung de",
        "Er druckt.",
        "\n\nVon meinem/meiner Galaxy gesendet\n\n\n-------- Ursprüngliche Nachricht --------\nVon: Sam Support <support@company.example>\nDatum: 20.11.26 10:12 (GMT+01:00)\nAn: Änne\nBetreff: Drucker\n\nGuten Tag",
    ),
    (
        "samsung fr",
        "Elle marche.",
        "\n\nEnvoyé depuis mon appareil Galaxy\n\n-------- Message d'origine --------\nDe : Sam <s@c.example>\nDate : 20/11/2026 10:12 (GMT+01:00)\nÀ : Anne\nObjet : Imprimante\n\nBonjour",
    ),
    (
        "gmx",
        "Er druckt.",
        "\n\nGesendet: Freitag, 20. November 2026 um 10:12 Uhr\nVon: \"Sam Support\" <support@company.example>\nAn: aenne@sender.example\nBetreff: Drucker\nGuten Tag",
    ),
    (
        "zimbra",
        "Elle marche.",
        "\n\n----- Mail original -----\nDe: \"Sam Support\" <support@company.example>\nÀ: \"Anne Sender\" <ann@sender.example>\nEnvoyé: Vendredi 20 Novembre 2026 10:12:00\nObjet: Imprimante\n\nBonjour Anne,",
    ),
    (
        "proton",
        "It prints.",
        "\n\nSent with Proton Mail secure email.\n\n‐‐‐‐‐‐‐ Original Message ‐‐‐‐‐‐‐\nOn Friday, November 20th, 2026 at 10:12, Sam <s@c.example> wrote:\n\n> Hello\n",
    ),
    (
        "windows mail",
        "Er druckt.",
        "\n\nGesendet von Mail für Windows\n\nVon: Sam\nGesendet: Freitag, 20. November 2026 10:12\nAn: Änne\nBetreff: Drucker\n\nGuten Tag",
    ),
    (
        "mutt",
        "It prints.",
        "\n\nOn Fri, Nov 20, 2026 at 10:12:00AM +0100, Sam Support wrote:\n> Hello\n\n-- \nAnn",
    ),
    ("without attribution", "It prints.", "\n\n> Hello Ann,\n> does it print?\n"),
    ("name alone", "It prints.", "\n\nSam Support wrote:\n> Hello Ann,\n"),
    (
        "address first",
        "Er druckt.",
        "\n\n20.11.2026 10:12 - Sam Support <support@company.example>:\n> Guten Tag\n",
    ),
    // Help desks
    (
        "reply above",
        "It prints.",
        "\n\n##- Please type your reply above this line -##\n\nYour request (4711) has been updated.",
    ),
    ("reply above de", "Er druckt.", "\n\n--- Bitte antworten Sie oberhalb dieser Zeile ---\nIhre Anfrage"),
    ("reply above fr", "Ça marche.", "\n\n== Répondre au-dessus de cette ligne ==\nVotre demande"),
    // Forwards
    (
        "forward gmail",
        "FYI, please check.",
        "\n\n---------- Forwarded message ---------\nFrom: Carl <carl@customer.example>\nDate: Thu, Nov 19, 2026 at 4:20 PM\nSubject: Invoice\nTo: <ann@sender.example>\n\n\nPaid twice.",
    ),
    (
        "forward apple de",
        "Zur Info",
        "\n\n> Anfang der weitergeleiteten Nachricht:\n> \n> Von: Carl <carl@customer.example>\n> Betreff: Rechnung\n> Datum: 19. November 2026\n> An: Änne\n> \n> Doppelt bezahlt.",
    ),
    (
        "forward apple en",
        "FYI",
        "\n\nBegin forwarded message:\n\nFrom: Carl <carl@customer.example>\nSubject: Invoice\nDate: 19 November 2026 at 16:20:00 GMT\nTo: Ann\n\nPaid twice.",
    ),
    (
        "forward thunderbird fr",
        "Pour info",
        "\n\n-------- Message transféré --------\nSujet : \tFacture\nDate : \tThu, 19 Nov 2026 16:20:00 +0100\nDe : \tCarl <carl@customer.example>\nPour : \tanne@sender.example\n\nPayée deux fois.",
    ),
    (
        "forward notes",
        "FYI",
        "\n\n----- Forwarded by Ann Sender/Sender on 20/11/2026 10:58 -----\n\nFrom:   Carl\n\nPaid twice.",
    ),
    (
        "forward notes fr",
        "Pour info",
        "\n\n----- Transféré par Anne Sender/Sender le 20/11/2026 10:58 -----\n\nDe :   Carl\n\nPayée",
    ),
    // Signatures
    ("delimiter", "When will it come?", "\n\n-- \nAnn Sender\nSender Ltd\nTel. +44 113 496 0000"),
    ("delimiter without its blank", "When will it come?", "\n--\nAnn Sender\nSender Ltd"),
    (
        "sign-off en",
        "When will it come?",
        "\n\nBest regards,\n\nAnn Sender\nHead of Purchasing\nSender Ltd, 1 Mill Lane, Leeds\nTel. +44 113 496 0000\nwww.sender.example",
    ),
    (
        "sign-off fr",
        "Quand arrive-t-elle ?",
        "\n\nCordialement,\n\nAnne Sender\nResponsable des achats\nSender SARL\n12 rue des Lilas, 69003 Lyon\nTél. : 04 72 00 00 00",
    ),
    (
        "sign-off fr long",
        "Quand arrive-t-elle ?",
        "\n\nJe vous prie d'agréer, Madame, Monsieur, l'expression de mes salutations distinguées.\nAnne Sender\nanne@sender.example",
    ),
    (
        "sign-off de",
        "Wann kommt er?",
        "\n\nMit freundlichen Grüßen\n\ni. A. Änne Sender\nEinkauf\n\nSender GmbH · Domstr. 1 · 50667 Köln\nTelefon +49 221 000000",
    ),
    (
        "sign-off de, quoted below",
        "Wann kommt er?",
        "\n\nViele Grüße aus Köln\nÄnne Sender\nSender GmbH\n+49 221 000000\n\nAm 20.11.2026 um 10:12 schrieb Sam:\n> Guten Tag",
    ),
    (
        "name, role, company",
        "When will it come?",
        "\n\nKind regards\nAnn Sender\nHead of Purchasing\nSender and Sons",
    ),
    (
        "disclaimer en",
        "When will it come?\n\nAnn",
        "\n\n____________________________________________________________\nThis e-mail and any attachments are confidential and intended solely for the use of the individual to whom it is addressed. If you have received it in error, please notify the sender.",
    ),
    (
        "disclaimer fr",
        "Quand arrive-t-elle ?\n\nAnne",
        "\n\nCe message et toutes les pièces jointes sont confidentiels et établis à l'intention exclusive de ses destinataires.\n\nPensez à l'environnement avant d'imprimer ce message.",
    ),
    (
        "disclaimer de",
        "Wann kommt er?\n\nÄnne",
        "\n\nDiese E-Mail enthält vertrauliche und/oder rechtlich geschützte Informationen. Wenn Sie nicht der richtige Adressat sind, informieren Sie bitte sofort den Absender.",
    ),
    (
        "imprint de",
        "Wann kommt er?\n\nÄnne",
        "\n\nSender GmbH, Sitz der Gesellschaft: Köln, Registergericht: Amtsgericht Köln, HRB 12345, Geschäftsführer: Bob Sender",
    ),
    (
        "mailing list",
        "It prints.",
        "\n_______________________________________________\nPrinters mailing list\nPrinters@lists.example\nhttps://lists.example/listinfo/printers",
    ),
    ("blackberry", "It prints.", "\n\nSent via BlackBerry from T-Mobile"),
];

/// Nothing of these is taken.
pub(super) const WHOLE: &[(&str, &str)] = &[
    ("plain", "Dear support,\n\nthe printer burns.\n\nAnn"),
    ("a name is no signature", "The printer burns.\n\nBest regards,\nAnn"),
    ("a name is no signature de", "Der Drucker brennt.\n\nMit freundlichen Grüßen\nÄnne Sender"),
    ("only a quote", "> Hello\n> Ann\n"),
    (
        "only a forward",
        "---------- Forwarded message ---------\nFrom: Carl <carl@customer.example>\nDate: Thu, Nov 19, 2026\nSubject: Invoice\nTo: Ann\n\nPaid twice.",
    ),
    (
        "a forward under a signature alone",
        "Sent from my iPhone\n\nBegin forwarded message:\n\nFrom: Carl\nDate: 19 Nov 2026\nTo: Ann\n\nPaid twice.",
    ),
    ("only a signature", "\n-- \nAnn Sender\nSender Ltd"),
    (
        "a post scriptum",
        "It prints.\n\nBest regards\nAnn Sender\nSender Ltd, Tel. 0113 4960000\n\nPS: Please close the case.",
    ),
    (
        "a sentence after thanks",
        "Thanks\nThe other printer in www.house.example needs a new drum as well, and someone should look at the third, too.",
    ),
    ("a question after regards", "Regards\nSender Ltd\nWhen will it come?"),
    ("prose that says on and wrote", "On Monday Sam wrote:\nthe drum was changed."),
    ("prose that says am and schrieb", "Am 20.11.2026 schrieb ich Ihnen folgendes:\nDer Drucker brennt."),
    ("a name alone", "Der Drucker brennt.\n\nÄnne Sender"),
    ("another's address", "Bitte anrufen:\n\nBob Kunde\nKunde GmbH\nTel. 0341 000000"),
    ("a form", "From: Jane\nMessage: the printer burns\nTo: nobody"),
    (
        "a help desk's own mail",
        "##- Please type your reply above this line -##\n\nYour request (4711) has been updated.",
    ),
    ("a rule", "One\n____________________\nTwo"),
    ("dashes", "--- Summary ---\nAll is well.\n-- one\n-- two"),
    ("a word of confidence", "This is confidential.\n\nPlease tell nobody about the printer."),
    ("mbox", "The list:\n>From Monday on it prints."),
    ("empty", ""),
    ("blank", " \n\n"),
];

/// The author's words between and below quotes.
pub(super) const BETWEEN: &[(&str, &str, &str)] = &[
    (
        "below",
        "On 20/11/2026 10:12, Sam Support wrote:\n> Hello,\n> does it print?\n\nYes, it does.\n\nAnn",
        "Yes, it does.\n\nAnn",
    ),
    (
        "below, de, with a signature",
        "Am 20.11.26 um 10:12 schrieb Sam:\n> Druckt er?\n\nJa.\n\n-- \nÄnne Sender\nSender GmbH",
        "Ja.",
    ),
    (
        "between",
        "Hello Sam,\n\n> Does it print?\n\nYes.\n\n> And the other one?\n\nNo, it burns.\n\nAnn",
        "Hello Sam,\n\nYes.\n\nNo, it burns.\n\nAnn",
    ),
    (
        "between, fr",
        "Le 20/11/2026 à 10:12, Sam a écrit :\n> Marche-t-elle ?\nOui.\n> Et l'autre ?\nNon.\n",
        "Oui.\nNon.",
    ),
    (
        "above and between",
        "See below.\n\nOn 20 Nov 2026, at 10:12, Sam <s@c.example> wrote:\n\n> One?\n\nYes.\n\n> Two?\n\nNo.",
        "See below.\n\nYes.\n\nNo.",
    ),
    (
        "below a header that proton writes",
        "------- Original Message -------\nOn Friday, November 20th, 2026 at 10:12, Sam <s@c.example> wrote:\n\n> One?\n\nYes.",
        "Yes.",
    ),
];
