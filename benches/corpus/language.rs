//! The languages of the corpus: words, the charsets they are written in, and how a text is made of them.

use std::sync::LazyLock;

use super::chance::Chance;

type Words = LazyLock<Vec<&'static str>>;

/// A language and its mail's habits.
pub struct Language {
    /// Charsets that its mail comes in, the first one twice as often.
    pub charsets: &'static [&'static str],
    words: Words,
    syllables: Words,
    blank: &'static str,
    stop: &'static str,
    /// Opens a mail.
    pub greeting: &'static str,
    /// Ends a mail.
    pub closing: &'static str,
    /// Before the subject of an answer.
    pub answer: &'static str,
}

/// All of them; English and German come more often.
pub fn of(chance: &mut Chance) -> &'static Language {
    let at = match chance.below(100) {
        0..40 => 0,
        40..58 => 1,
        58..66 => 2,
        66..71 => 3,
        71..76 => 4,
        76..82 => 5,
        82..85 => 6,
        85..88 => 7,
        88..92 => 8,
        92..95 => 9,
        95..98 => 10,
        _ => 11,
    };
    &LANGUAGES[at]
}

impl Language {
    /// Which of its charsets a mail is written in.
    pub fn charset(&self, chance: &mut Chance) -> &'static str {
        let at = chance.below(self.charsets.len() + 1);
        self.charsets.get(at).or(self.charsets.first()).copied().unwrap_or("utf-8")
    }

    /// A few words, without a stop: a subject or a title.
    pub fn title(&self, chance: &mut Chance, words: usize) -> String {
        let mut text = String::new();
        for at in 0..words {
            if at > 0 {
                text.push_str(self.blank);
            }
            self.word(chance, &mut text);
        }
        capitalised(&text)
    }

    /// Sentences and paragraphs of about so many bytes in UTF-8, lines ended by CRLF.
    pub fn prose(&self, chance: &mut Chance, bytes: usize) -> String {
        let mut text = String::with_capacity(bytes + 200);
        let mut line = 0;
        while text.len() < bytes {
            let words = 4 + chance.below(14);
            let mut sentence = self.title(chance, words);
            sentence.push_str(self.stop);
            for piece in sentence.split_inclusive(' ') {
                if line + piece.len() > 76 && line > 0 {
                    text.push_str("\r\n");
                    line = 0;
                }
                text.push_str(piece);
                line += piece.len();
            }
            if chance.percent(20) {
                text.push_str("\r\n\r\n");
                line = 0;
            } else if !self.blank.is_empty() {
                text.push(' ');
                line += 1;
            }
        }
        text
    }

    fn word(&self, chance: &mut Chance, text: &mut String) {
        match chance.below(100) {
            0..5 => text.push_str(&format!("{}", chance.below(10_000))),
            5..7 => text.push_str(&format!("{:08X}", chance.next() as u32)),
            7..52 => {
                text.push_str(self.words[chance.often_small(self.words.len())]);
            }
            // The long tail of a vocabulary: the same number always gives the same word.
            _ => {
                let mut letters = Chance::new(7, "word", chance.often_small(6_000));
                for _ in 0..2 + letters.below(3) {
                    text.push_str(letters.pick(&self.syllables));
                }
            }
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

static LANGUAGES: [Language; 12] = [
    Language {
        charsets: &["us-ascii", "utf-8", "windows-1252"],
        words: LazyLock::new(|| {
            "the to and of we is in that for you it with on have please be this are our as not from your at will \
                can by order invoice or if delivery has but an would know was all they customer account been when \
                were so since password printer which there their any error more what server only do contract out \
                about time after one no today week meeting than update version could number before day send \
                attached report some first last yesterday access payment other ticket screen again same received \
                working office still address thank help question change request system problem return device \
                damaged laptop cable monitor warranty replacement shipment warehouse colleague manager deadline".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "con ter ment ing pre tion al ver ser ty ex per for ly in com re mo de ran bel sto net cur tri \
                    pla sen or ack um ish age nor fel wick ham ston by ford er"
                .split(' ')
                .collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Dear all,",
        closing: "Best regards",
        answer: "Re: ",
    },
    Language {
        charsets: &["utf-8", "iso-8859-1", "iso-8859-15"],
        words: LazyLock::new(|| {
            "die der und in zu den das nicht von sie ist des sich mit dem dass er es ein ich auf so eine auch als \
                an nach wie im für man aber aus durch wenn nur war noch werden bei hat wir was wird sein einen \
                welche sind oder zur um haben einer mir über ihm diese einem ihr uns da zum kann doch vor bitte \
                Rechnung Bestellung Lieferung Störung Drucker Gerät Zugang Kennwort Vertrag Büro Schlüssel Wärme \
                Prüfung Anhang Größe Straße Rückfrage Termin Änderung Übersicht gemäß möglich nächste Woche".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "ge ver be ung keit schaft lich auf aus ein haft sam bar zu rück über vor nach mit unter weg stell \
                    trag führ halt werk zeug maß größ schluss öff nah fäll brück bürg straß heim".split(' ').collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Sehr geehrte Damen und Herren,",
        closing: "Mit freundlichen Grüßen",
        answer: "AW: ",
    },
    Language {
        charsets: &["utf-8", "iso-8859-1", "windows-1252"],
        words: LazyLock::new(|| {
            "le la les de des du et à un une en que qui dans pour pas sur nous vous est avec ce il au plus par ne \
                se votre notre été être avoir fait cette mais comme tout très bien même depuis facture commande \
                livraison problème réseau écran clé société délai contrôle équipe dossier réunion pièce jointe \
                s'il plaît merci bientôt référence numéro adresse accès imprimante dès jusqu'à près hôtel français".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "tion ment eur age ité é ré dé con pro sou tr an ou ain eau oir ance elle ique ès ê ç à ois urs \
                    vert bois mont ville lieu"
                .split(' ')
                .collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Madame, Monsieur,",
        closing: "Cordialement",
        answer: "Re: ",
    },
    Language {
        charsets: &["utf-8", "iso-8859-1"],
        words: LazyLock::new(|| {
            "el la de que y a en un ser se no haber por con su para como estar tener le lo todo pero más hacer o \
                poder decir este ir otro ese si me ya ver porque dar cuando él muy sin vez mucho saber qué sobre mi \
                factura pedido envío contraseña año mañana señor información número teléfono dirección reunión \
                atención garantía avería código técnico día próxima también según después pequeño español".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "ción dad mente ero ista ar er ir ado ido bre tra gran señ niñ mañ ór á é í ú es os as al con des \
                    pre villa monte rio".split(' ').collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Estimados señores:",
        closing: "Un cordial saludo",
        answer: "RE: ",
    },
    Language {
        charsets: &["utf-8", "windows-1252"],
        words: LazyLock::new(|| {
            "il la di che e a un in per non con si da come anche più ma se mi lo le del della al sono è questo \
                quello perché già così però ordine fattura consegna società qualità città università novità \
                stampante accesso indirizzo numero riunione allegato problema rete schermo garanzia richiesta \
                domani settimana grazie cortesemente possibile urgente ufficio cliente contratto pagamento".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "zione mento ità ezza are ere ire ato uto gli gno chi sci tra pre con per ino ella etto one à è ò \
                    ù monte valle fiume".split(' ').collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Buongiorno,",
        closing: "Cordiali saluti",
        answer: "R: ",
    },
    Language {
        charsets: &["utf-8", "iso-8859-2", "windows-1250"],
        words: LazyLock::new(|| {
            "i w na z się nie do to że jest o jak za od po przez przed dla ale czy tym tak już może być był była \
                proszę dziękuję faktura zamówienie dostawa hasło dostęp drukarka błąd sieć umowa płatność numer \
                spotkanie załącznik przesyłka zgłoszenie wiadomość książka żółty źródło łącze ćwiczenie ósmy \
                tydzień jutro dzisiaj pilne klient biuro adres odpowiedź pytanie uprzejmie dzień następny".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "nie ość cza prze przy wy za po roz ski ska owy owa ać eć ić łą ęb ów żu źdź szcz rz ch dł gł kr \
                    ny na no wie miej grod"
                .split(' ')
                .collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Szanowni Państwo,",
        closing: "Z poważaniem",
        answer: "Odp: ",
    },
    Language {
        charsets: &["koi8-r", "windows-1251", "utf-8"],
        words: LazyLock::new(|| {
            "и в не на я быть он с что а по это она этот к но они мы весь который из у свой вы так за от один ещё \
                бы такой только себя о когда уже для вот кто да говорить год мой до если время рука нет самый ни \
                заказ счёт доставка пароль доступ принтер ошибка сеть договор оплата номер встреча вложение \
                сообщение вопрос ответ завтра неделя срочно клиент офис адрес пожалуйста спасибо прошу письмо".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "ста пре про при раз об ние ость ный ная ать ить еть ова ени ска ров гор вод мир дом лес ход вид \
                    щик чик ств яз юг жд"
                .split(' ')
                .collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Уважаемые коллеги!",
        closing: "С уважением",
        answer: "Re: ",
    },
    Language {
        charsets: &["iso-8859-7", "utf-8"],
        words: LazyLock::new(|| {
            "και το να του η της με που την από για ο δεν στο στην είναι τα θα οι των σε ότι τον μας έχει σας μια \
                αυτό παραγγελία τιμολόγιο παράδοση κωδικός πρόσβαση εκτυπωτής σφάλμα δίκτυο σύμβαση πληρωμή \
                αριθμός συνάντηση συνημμένο μήνυμα ερώτηση απάντηση αύριο εβδομάδα πελάτης γραφείο διεύθυνση \
                παρακαλώ ευχαριστώ πρόβλημα σύστημα".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "κα τα πρό συν δια ανα επι μέν ση της ική ός ών λο γος μα τος φω ξε ψυ χω ρα θε βι ζη"
                .split(' ')
                .collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Αξιότιμοι κύριοι,",
        closing: "Με εκτίμηση",
        answer: "Απ: ",
    },
    Language {
        charsets: &["iso-2022-jp", "shift_jis", "utf-8"],
        words: LazyLock::new(|| {
            "の は を が に で と も です ます お客様 注文 請求書 配送 確認 お願い いたします ありがとう ございます \
                会議 資料 添付 パスワード プリンター エラー ネットワーク 契約 支払い 番号 明日 今週 至急 担当者 会社 \
                住所 返信 質問 問題 変更 予定 時間 東京 大阪 製品 保証 交換 修理 連絡 下記 件 について から まで".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "管 理 部 品 工 場 営 業 技 術 開 発 計 画 報 告 書 新 規 登 録 申 請 シ ス テ ム サ ー ビ ス デ タ \
                    入 出 力 設 定 方 法".split(' ').collect()
        }),
        blank: "",
        stop: "。",
        greeting: "お世話になっております。",
        closing: "よろしくお願いいたします。",
        answer: "Re: ",
    },
    Language {
        charsets: &["gb2312", "utf-8"],
        words: LazyLock::new(|| {
            "的 是 在 我 有 和 就 不 人 都 一个 上 也 很 到 说 要 去 你 会 着 没有 看 好 自己 这 订单 发票 交货 密码 \
                打印机 错误 网络 合同 付款 号码 会议 附件 消息 问题 回复 明天 本周 紧急 客户 办公室 地址 谢谢 请 您 \
                我们 公司 产品 服务 系统 更新 版本 帮助 申请 更换 保修".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "管 理 部 门 工 厂 技 术 开 发 计 划 报 告 新 建 登 录 设 备 数 据 中 心 测 试 项 目 质 量 标 准 文 \
                    件 时 间 安 全".split(' ').collect()
        }),
        blank: "",
        stop: "。",
        greeting: "您好：",
        closing: "此致敬礼",
        answer: "回复: ",
    },
    Language {
        charsets: &["euc-kr", "utf-8"],
        words: LazyLock::new(|| {
            "이 그 저 것 수 등 들 및 에서 으로 주문 청구서 배송 비밀번호 접속 프린터 오류 네트워크 계약 결제 번호 회의 \
                첨부 메시지 질문 답변 내일 이번 주 긴급 고객 사무실 주소 감사합니다 부탁드립니다 확인 문제 시스템 변경 \
                요청 제품 보증 교환 담당자 회사 안녕하세요".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "관 리 부 서 공 장 기 술 개 발 계 획 보 고 신 규 등 록 신 청 자 료 설 정 방 법 시 간 안 전 품 질"
                .split(' ')
                .collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "안녕하세요,",
        closing: "감사합니다",
        answer: "Re: ",
    },
    Language {
        charsets: &["iso-8859-9", "windows-1255", "utf-8"],
        words: LazyLock::new(|| {
            "ve bir bu da için ile olarak çok daha gibi sonra kadar ne o en var ama değil olan sipariş fatura \
                teslimat şifre erişim yazıcı hata ağ sözleşme ödeme numara toplantı ek mesaj soru cevap yarın hafta \
                acil müşteri ofis adres lütfen teşekkürler sorun sistem değişiklik ürün garanti iade güncelleme".split(' ').collect()
        }),
        syllables: LazyLock::new(|| {
            "lar ler lık lik cı ci sız siz mak mek dı di yor acak ğı şı çı ün öz gül dağ su köy yol iş ev"
                .split(' ')
                .collect()
        }),
        blank: " ",
        stop: ".",
        greeting: "Sayın yetkili,",
        closing: "Saygılarımla",
        answer: "Ynt: ",
    },
];
