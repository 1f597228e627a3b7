//! The sample mail: conversations with a help desk, each an opening and its answers.

use super::letter::{Attachment, Letter, Person};

const AISHA: Person = Person { name: "Aisha Rahman", address: "aisha.rahman@north.example" };
const JONAS: Person = Person { name: "Jonas Müller", address: "jonas.mueller@werk.example" };
const CLAIRE: Person = Person { name: "Claire Dubois", address: "claire@atelier.example" };
const KENJI: Person = Person { name: "田中健二", address: "k.tanaka@tokyo.example" };
const MARIA: Person = Person { name: "María Núñez", address: "maria.nunez@tienda.example" };
const OLENA: Person = Person { name: "Олена Коваль", address: "olena@kyiv.example" };
const SAM: Person = Person { name: "Sam Okafor", address: "sam@okafor.example" };
const LIN: Person = Person { name: "Lin, Accounts", address: "accounts@supplier.example" };
const MONITOR: Person = Person { name: "Monitor", address: "monitor@ops.example" };

const PLAIN: Letter = Letter { from: AISHA, subject: "", text: "", html: None, attachment: None, more: "" };

/// Conversations, in the order in which they are begun.
pub(super) const CONVERSATIONS: &[&[Letter]] =
    &[PRINTER, VPN, INVOICE, LOGIN, ORDER, SCREEN, DISK, AWAY, RETURN_LABEL, BADGE];

const PRINTER: &[Letter] = &[
    Letter {
        from: AISHA,
        subject: "Printer on floor 3 is broken",
        text: "Hello,\n\nthe printer next to room 312 says \"paper jam\", but there is no paper in it at all.\n\nAisha",
        ..PLAIN
    },
    Letter {
        from: AISHA,
        subject: "Re: Printer on floor 3 is broken",
        text: "It works again after I switched it off and on. Strange. You may close this.\n\nAisha",
        ..PLAIN
    },
];

const VPN: &[Letter] = &[
    Letter {
        from: JONAS,
        subject: "VPN bricht ständig ab",
        text: "Guten Tag,\n\nseit heute früh bricht die Verbindung alle zehn Minuten ab. Größere Dateien kann ich so \
               nicht übertragen.\n\nViele Grüße\nJonas Müller",
        ..PLAIN
    },
    Letter {
        from: JONAS,
        subject: "AW: VPN bricht ständig ab",
        text: "Noch etwas: Über das Mobilfunknetz bleibt die Verbindung bestehen. Vielleicht liegt es am Router?\n\n\
               Am Montag schrieb der Support:\n> Welche Meldung sehen Sie?",
        html: Some(
            "<p>Noch etwas: Über das <b>Mobilfunknetz</b> bleibt die Verbindung bestehen. Vielleicht liegt es am \
             Router?</p><blockquote>Welche Meldung sehen Sie?</blockquote>",
        ),
        ..PLAIN
    },
    Letter {
        from: JONAS,
        subject: "AW: AW: VPN bricht ständig ab",
        text: "Der neue Router ist da, jetzt läuft alles. Danke für die schnelle Hilfe!",
        ..PLAIN
    },
];

const INVOICE: &[Letter] = &[Letter {
    from: LIN,
    subject: "Invoice 2026-1187",
    text: "Please find our invoice attached. Payable within 30 days.",
    attachment: Some(Attachment {
        name: "invoice-2026-1187.csv",
        kind: "text/csv; charset=utf-8",
        content: b"position,item,quantity,price\r\n1,Toner black,4,79.90\r\n2,Paper A4,20,4.50\r\n",
    }),
    ..PLAIN
}];

const LOGIN: &[Letter] = &[Letter {
    from: KENJI,
    subject: "ログインできません",
    text: "お世話になっております。\n\nパスワードを変更した後、ログインできなくなりました。ご確認をお願いいたします。\n\n田中",
    ..PLAIN
}];

const ORDER: &[Letter] = &[
    Letter {
        from: CLAIRE,
        subject: "Commande n° 4711 : où est mon colis ?",
        text: "Bonjour,\n\nma commande devait arriver mardi. Le suivi n'a pas changé depuis une semaine.\n\nClaire Dubois",
        ..PLAIN
    },
    Letter {
        from: CLAIRE,
        subject: "RE: Commande n° 4711 : où est mon colis ?",
        text: "Le colis vient d'arriver, merci beaucoup !",
        ..PLAIN
    },
];

const SCREEN: &[Letter] = &[Letter {
    from: SAM,
    subject: "Cracked screen, photo attached",
    text: "The screen broke when the laptop fell from the desk. See the photo.\n\nSam",
    html: Some("<p>The screen broke when the laptop <i>fell</i> from the desk. See the photo.</p><p>Sam</p>"),
    attachment: Some(Attachment { name: "screen.png", kind: "image/png", content: PIXEL }),
    ..PLAIN
}];

const DISK: &[Letter] = &[Letter {
    from: MONITOR,
    subject: "[ALERT] disk /srv on files-02 is 91 % full",
    text: "host: files-02\nmount: /srv\nused: 91 %\nthreshold: 90 %",
    more: "X-Priority: 1\r\n",
    ..PLAIN
}];

const AWAY: &[Letter] = &[Letter {
    from: MARIA,
    subject: "Respuesta automática: Fuera de la oficina",
    text: "Estoy de vacaciones hasta el lunes. Para asuntos urgentes, escriba a tienda@tienda.example.",
    more: "Auto-Submitted: auto-replied\r\n",
    ..PLAIN
}];

const RETURN_LABEL: &[Letter] = &[
    Letter {
        from: MARIA,
        subject: "Etiqueta de devolución",
        text: "Buenos días:\n\n¿podrían enviarme una etiqueta para devolver dos pares de zapatos?\n\nMaría",
        ..PLAIN
    },
    Letter {
        from: MARIA,
        subject: "RE: Etiqueta de devolución",
        text: "Ya la he recibido. ¡Gracias!",
        ..PLAIN
    },
];

const BADGE: &[Letter] = &[Letter {
    from: OLENA,
    subject: "Нова перепустка",
    text: "Добрий день!\n\nМоя перепустка більше не відчиняє двері на другому поверсі. Чи можна її замінити?\n\nОлена",
    ..PLAIN
}];

/// A PNG of one pixel.
const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\
    \0\0\0\rIDATx\xdac\xfc\xcf\xc0\xf0\x1f\0\x05\x05\x02\0_\xc8\xf1\xd2\0\0\0\0IEND\xaeB`\x82";
