"""The words by which languages deny, what looks so and denies nothing, and what says as much without them."""

from __future__ import annotations

WORDS = {
    "hi": "नहीं नही नहि मत बिना",
    "ur": "نہیں مت بغیر",
    "mr": "नाही नको नका नये नाहीत नव्हे नव्हता नव्हती नव्हते नसतो नसते विना",
    "bn": "না নেই নয় নি নাই",
    "gu": "નથી નહીં નહિ ના નહોતો નહોતી નહોતું વગર વિના",
    "pa": "ਨਹੀਂ ਨਾ ਨਹੀ ਬਿਨਾਂ ਬਿਨਾ",
    "or": "ନାହିଁ ନୁହେଁ ନାହାନ୍ତି ନା ନି ନଥିଲା ବିନା",
    "ta": "இல்லை வேண்டாம் முடியாது கூடாது அல்ல மாட்டேன் மாட்டான் மாட்டாள் மாட்டார்",
    "te": "లేదు కాదు వద్దు లేరు లేను లేవు లేడు కూడదు",
    "kn": "ಇಲ್ಲ ಅಲ್ಲ ಬೇಡ ಬಾರದು ಕೂಡದು",
    "ml": "ഇല്ല അല്ല വേണ്ട അരുത്",
    "es": "no nunca jamás nada nadie ningún ninguna ninguno ni sin tampoco",
    "pt": "não nunca jamais nada ninguém nenhum nenhuma nem sem tampouco",
    "it": "non no mai niente nulla nessuno nessuna nessun né senza neanche nemmeno neppure",
    "fr": "pas jamais rien aucun aucune sans non ni guère nul nulle",
    "de": "nicht kein keine keinen keinem keiner keines nie niemals nichts niemand ohne nein weder",
    "nl": "niet geen nooit niets niemand nee zonder noch",
    "ru": "не нет ни никогда ничего никто нельзя без никого нету",
    "en": "not no never none nothing nobody nowhere neither nor without cannot",
}
#: Two kinds of words that deny together, and neither alone: "ne" of "ne … que" is "only", "personne" a person, too.
PAIRS = {"fr": ("ne n", "plus personne point")}
#: What denies at the end of a word, in languages that write it together with the verb: "வரவில்லை", "ಬರಲಿಲ್ಲ".
ENDINGS = {
    "ta": "ில்லை|ாது|ாதே|ாதீர்கள்|வேண்டாம்|மாட்டேன்|மாட்டான்|மாட்டாள்|மாட்டார்கள்|ாமல்|ாத",
    "kn": "ಿಲ್ಲ|ಲ್ಲ|ಾರದು|ಬಾರದು|ಕೂಡದು|ಬೇಡ|ಬೇಡಿ",
    "ml": "ില്ല|ല്ല|രുത്|ാതെ|ാത്ത|വേണ്ട",
    "mr": "ण्याशिवाय|शिवाय",
}
#: Words that end so and deny nothing: "all", "knows", "slowly"; "good".
NO_ENDINGS = {"kn": frozenset({"ಎಲ್ಲ", "ಬಲ್ಲ", "ಮೆಲ್ಲ"}), "ml": frozenset({"നല്ല"})}
#: Languages whose verbs deny by what is inside them ("రాను", "নকৰে"): a source is understood, a translation not judged.
SOURCES_ONLY = frozenset({"te"})
#: Languages in which a denial that a translation has and its source has not is told well enough to be flagged.
BOTH_WAYS = frozenset({"hi", "en"})
_ENDS = r"(?=[\s।!?,.]|$)"  # of a word whose last sign is no letter to ``\b``
#: What a source says with a word that denies, and a right translation often without one (regular expressions, in small
#: letters): "or not?", "until", "why don't we", "isn't it?", "nothing but", "don't forget".
NO_DENIALS = {
    "hi": (
        r"नहीं तो(?= *[^\s!।?])",
        rf"(?:या|कि) (?:नहीं|मत){_ENDS}",
        r"जब तक[^।?!]*?नहीं",
        r"क्यों नहीं(?= *[,!।.]|$)",
        r"कोई बात नहीं",
        r"(?:ही|केवल|सिर्फ) नहीं",
        r"(?:मत|नहीं) भूल\S*",
        r"भूल\S* मत",
        r"(?:,|है|हो|हैं) *नहीं *\?",
        r"कहीं[^।?!,]* तो नहीं",
        r"के सिवा(?:य)? (?:और )?कुछ नहीं",
    ),
    "en": (
        r"why (?:don't (?:we|you|i)|not)\b[^.?!]*",
        r"\bno (?:doubt|wonder|problem|sweat|big deal|matter|thanks|smoking)\b",
        r"never mind",
        r"nothing (?:but|more than|less than|special)",
        r"not only",
        r"no sooner",
        r"\bor not\b",
        r"can't wait|(?:can't|cannot|couldn't) help \w+ing",
        r"(?:don't|never|not|won't|can't) (?:ever )?forget",
        r", ?\w+n't (?:i|you|he|she|it|we|they|there) *\?",
        r"not (?:at all )?(?:so |too |that )?bad",
        r"couldn't (?:be|have been|agree|care)\b[^.?!]*",
        r"\bno (?:time|more than|less than|fewer than|longer than)\b",
        r"\bno (?:one|body)? ?(?:but|other than)\b",
        r"un?til[^.?!,]*n't",
        r"\bas if nothing\b[^.?!,]*",
        r"not long (?:ago|before|after)",
        r"for nothing",
        r"^no(?= *[,.!]? *(?:i'm|i am|it's|that's)\b)",
        r"not (?:just|merely|simply)",
    ),
    "es": (
        r"¿ *no *\?",
        r"sin (?:duda|embargo|parar|falta)",
        r"no (?:\w+ ){0,4}?(?:más|sino|otra cosa) que",
        r"no (?:sólo|solo|solamente)",
        r"no[ -]muert\w+",
        r"nada (?:más|menos) que",
        r"hasta que no",
        r"que nunca\b",
        r"no olvid\w+",
    ),
    "pt": (
        r"não (?:é|foi|acha|acham) *\?",
        r"sem (?:dúvida|parar|falta)",
        r"nada (?:mais|menos) (?:do )?que",
        r"não (?:só|apenas|somente)",
        r"mortos?-vivos?",
        r"que nunca\b",
        r"não (?:te |se |vos )?esque\w+",
    ),
    "it": (
        r"\bno *\?",
        r"senz(?:a dubbio|'altro|a sosta)",
        r"(?:nient'altro|null'altro|nulla|niente) che",
        r"non (?:solo|soltanto)",
        r"che mai\b",
        r"finché non",
        r"non[ -]mort\w+",
        r"non (?:\w+ ){1,3}?(?:altro )?che (?:un|una|il|la|i|le|per)\b",
        r"non dimentic\w+",
        r"se mai\b",
        r"come mai\b",
    ),
    "fr": (
        r"n'(?:est|était)[- ]ce pas",
        r"\b(?:un|le|ce|du|au|son|mon|premier|chaque|quelques|deux|trois|de|des|les|ses|mes|vos) pas\b",
        r"plus que jamais|si jamais|à (?:tout )?jamais|pour jamais",
        r"sans (?:doute|cesse|faute)",
        r"(?:n'|ne )\w+ (?:pas )?oubli\w+",
        r"n'oubli\w+ (?:pas|jamais)",
        r"pas (?:seulement|mal|que)\b",
        r"non[ -](?:seulement|morts?|mortes?)",
        r"rien (?:de moins )?qu\w+",
        r"pourquoi pas",
        r"pas à pas",
    ),
    "de": (
        r"nicht (?:wahr|nur|bloß|allein|mehr als|zuletzt)",
        r"verg(?:iss|esst|essen)\w*[^.?!,]* nicht|nicht (?:zu )?vergess\w+",
        r"nichts (?:als|anderes als)",
        r"ohne (?:zweifel|weiteres)",
        r"ob (?:\w+ )*oder nicht",
        r"oder nicht",
        r"(?:bevor|bis|solange) [^.?!,]*nicht",
        r"\bkeine (?:zeit verl\w+|sorge)|verl\w+ keine zeit",
        r"nie (?:zuvor|wieder)(?= als)",
    ),
    "nl": (
        r"niet (?:waar|alleen|meer dan)",
        r"niets (?:dan|anders dan)",
        r"verge\w+[^.?!,]* niet|niet (?:te )?vergeten",
        r"zonder twijfel",
    ),
    "ru": (
        r"пока [^.?!,]*не\b",
        r"не (?:только|более|забуд\w+|забыва\w+|правда|так)",
        r"(?:чуть|едва)(?:-чуть)? не\b",
        r"никто иной|ничто иное",
        r"почему бы[^.?!]*не\b",
        r"\bни (?:был|стал)\w*",
        r"без сомнени\w+",
        r"не (?:что иное|кто иной)",
        r"как бы [^.?!,]*ни\b",
        r"нет ли",
        r"ничего\b(?= *[,.!]|$)",
        r"(?:кто|что|где|куда|как) бы\b[^.?!,]* ни\b",
        r"не\w*смотря",
    ),
}
#: Words that say the same in a positive sentence: "नहीं तो" is "otherwise", "मुमकिन नहीं" is "impossible".
AS_GOOD = {
    "hi": "न ना नामुमकिन असंभव वरना इनकार इन्कार मना मनाही बजाय सिवाय सिवा अलावा नापसंद नाकाम नाकामयाब "
    "नाकामयाबी नाखुश नालायक असहमत असहमति असहाय असफल असमर्थ अनजान अनपढ़ अविवाहित "
    "कुँवारा कुँवारी कुंवारी अनुपस्थित अधूरा अधूरी अधूरे अवैध ग़ैरक़ानूनी ग़ैर "
    "बेकार बेसब्री बेताब बेईमान बेगुनाह बेक़सूर बेवफ़ा बेख़बर बेबस निषेध "
    "वर्जित चुप चुपचाप ख़ामोश शक नफ़रत भूल भूला भूली भूले भूलना "
    "ग़लत",
    "ur": "نہ نا ناممکن ورنہ انکار منع",
    "mr": "न अशक्य",
    "bn": "ছাড়া অসম্ভব",
    "en": "otherwise else unless unable impossible hardly barely rarely scarcely seldom instead lack lacks lacking "
    "fail failed fails failure refuse refuses refused refusing stop stopped avoid missing except dont cant wont "
    "didnt doesnt isnt hate hates hated absent doubt doubts doubted doubtful forget forgets forgot forgotten quiet "
    "silent silence silently deny denies denied denying reject rejects rejected ignore ignored forbid forbidden banned "
    "prohibited prevent prevented cease nae aint",
    "de": "kaum unmöglich selten außer sonst",
    "es": "imposible apenas excepto salvo incapaz",
    "pt": "impossível apenas exceto incapaz",
    "it": "impossibile appena tranne incapace",
    "fr": "impossible sauf sinon incapable",
    "ru": "невозможно кроме вряд едва",
}
#: The beginnings and ends of words that deny within a word: "unfair", "dishonest", "helpless".
AFFIXES = {
    "en": r"un(?!der|til|its?$|ion|iv|iq|ifor|ite|cle|to$|animous)\w{3,}$|non[a-z]{4}|dis(?:agree|like|trust|obe|"
    r"honest|belie|respect|allow|approv|appear|regard)|in(?:complet|correct|capab|accura|effect|justice|sane|secur|sensitiv|valid|visib|"
    r"appropri|sufficien|toler|abil|decen|experien)|ir(?:regular|relevan|respons)|il(?:legal|logic|litera)|im(?:possib|"
    r"patien|perfect|polit|proper|matur|moral|mobil)|(?!bless|nevertheless|nonetheless|regardless)\w{3,}less(?:ly|ness)?$",
    "de": r"un(?!d$|s$|ser|ter|i|gefähr)\w{3,}|\w{3,}los(?:e[nmrs]?)?$",
    "es": r"in(?:capa|compl|corre|justo|just|visib|mort|útil|segur|dign)\w*|des(?:conf|honr|obed|arm|agrad)\w*|"
    r"im(?:pos|prud|par)\w*",
    "ru": r"не\w{4,}|без\w{4,}|бес\w{4,}",
}
#: Phrases that say as much as a denial, of words that alone do not (regular expressions, in small letters).
AS_GOOD_PHRASES = {
    "en": r"(?:stay|keep|go|get|back) (?:away|off|out|clear)\b|leave \w+ alone|let \w+ alone|shut up|only if",
}
#: What looks like a denial at the end of a clause: "चलो ना" is "come on".
PARTICLES = {"hi": r"(?<=\s)(?:न|ना)(?= *[।?!,]|$)"}
#: What a language denies, and the words of another that say the same outright: "चिंता मत करो" is "relax", "not easy"
#: "मुश्किल". First the beginnings of words beside which a denial stands, then words: of English whole ones, else their
#: beginnings; all as regular expressions.
OPPOSITES = {
    ("hi", "en"): (
        ("चिंता|चिन्ता|फ़िक्र|टेंशन|घबरा|डर|परेशान", r"relax(?:ed)?|calm|easy|chill|courage|rest assured|cheer up"),
        ("देर", r"hurry|quick(?:ly)?|soon|right away|at once"),
        ("हिल", r"freeze|steady|(?:be|hold|keep|lie|sit|stand|stay) still"),
        (r"जा(?!न)|जाना(?!\S)", r"stay|wait|remain"),
        ("छोड़", r"hold on|hang on|keep hold"),
        ("हार", r"keep going|carry on|hang in"),
        ("पता|मालूम|जानता|जानती", r"who knows|god knows|wonder|beats me|unknown"),
        ("बुरा", r"excuse|forgive|sorry|good|fine|decent"),
        ("ठीक|अच्छा|अच्छी|अच्छे|तबीयत|सही", r"bad|ill|sick|wrong|poorly|terrible|awful"),
        # "नहीं रहे" is dead; with a verb between, "नहीं जा रहे", it is but not going.
        ("ज़िंदा|ज़िन्दा|(?<=नहीं )(?:रहे|रहा|रही)", r"dead|died|gone|passed away|the late"),
        ("ख़ाली|फ़ुर्सत", r"busy|occupied|full"),
        ("सच", r"lies?|lying|false"),
        ("आसान", r"hard|difficult|tough"),
        ("दूर", r"near|nearby|close|almost"),
        ("कम", r"plenty|enough|many|much|equally"),
    ),
    ("en", "hi"): (
        ("worr|panic|fret|afraid|scared|fear|nervous|upset", "शांत|आराम|निश्चिंत|बेफ़िक्र|तसल्ली|धीरज|हिम्मत|हौसला|रिलैक्स"),
        ("late|delay|waste", "जल्दी|फ़ौरन|तुरंत"),
        ("mov|budge", "रुक|ठहर|स्थिर"),
        # Neither "I'm not going to stop", nor "जा रहा".
        (r"go(?!\w)|going(?! to )|leav|hang up", "रुक|ठहर|रहो|रहना|रहिए|रहिये|रह जा"),
        ("let go", "पकड़|थाम"),
        ("give up|quit", "डटे|हिम्मत|लगे रह"),
        ("know|idea|clue", "क्या पता|भगवान जाने|ख़ुदा जाने|राम जाने|कौन जाने"),
        ("mind|offen", "माफ़"),
        ("well|good|right|fine|okay", "बीमार|ख़राब|बुरा|बुरी|बुरे"),
        ("alive|with us", "मर [गच]|मरा|मरे|मृत|गुज़र|चल बसे|स्वर्गवास"),
        ("free|available", "व्यस्त|बिज़ी"),
        ("true|truth", "झूठ"),
        ("easy|simple", "मुश्किल|कठिन"),
        # By itself, "पास" is near, passed, and what one has.
        ("far", "पास (?:ही|में|वाल)|(?:आस|बहुत|काफ़ी|बिल्कुल)[- ]?पास|नज़दीक|क़रीब"),
    ),
}
