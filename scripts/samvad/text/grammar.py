"""Where a line or a cue may end: after punctuation, before a conjunction, never between words that belong together.

The rules are those of Netflix's Timed Text Style Guides (General Requirements, "Line Treatment"; Hindi, "Line
Treatment"); languages that are not listed here get what punctuation and capitals say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from samvad.text.sentence_ends import ABBREVIATIONS, ends_sentence

CLAUSE_ENDS = frozenset(",;:،؛、，；：—–")
_CLOSERS = "\"'”’»)]}♪ "


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


@dataclass(frozen=True)
class Grammar:
    """Words of a language, in small letters.

    Attributes:
        opens: begin a phrase; a line may well begin with them, and should not end with them.
        leans_right: belong to the word after them (articles, possessives, pronouns, auxiliaries).
        leans_left: belong to the word before them (postpositions, particles, auxiliaries).
        may_end: of the first two kinds, those that may well end what is said ("come in", "I told you").
        determiners: before a noun: after one of the first kind ("in | the") that is a preposition, so it ends nothing.
        verbs: auxiliaries: before one a pronoun is its subject ("you | could"), and ends nothing.
        genitives: of the third kind, those that want a noun after them, too.
        after_genitive: the second halves of postpositions, after a genitive ("के लिए").
        answers: begin the answer to a question.
        joins: of two words, the second, with a stroke between those it may follow: "out|because of". A line that ends
            between them tears what is one expression.
    """

    opens: frozenset[str] = frozenset()
    leans_right: frozenset[str] = frozenset()
    leans_left: frozenset[str] = frozenset()
    may_end: frozenset[str] = frozenset()
    determiners: frozenset[str] = frozenset()
    verbs: frozenset[str] = frozenset()
    genitives: frozenset[str] = frozenset()
    after_genitive: frozenset[str] = frozenset()
    answers: frozenset[str] = frozenset()
    joins: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def dangling(self) -> frozenset[str]:
        """Return the words that leave a sentence hanging where it stops at them."""
        return ((self.opens | self.leans_right) - self.may_end) | self.genitives


GRAMMARS: dict[str, Grammar] = {
    "en": Grammar(
        opens=_words(
            "and but or nor so because if when while where that which who whom whose than as until unless though "
            "although since before after in on at of to for with from by into about over under between through "
            "without against during what how why whether"
        ),
        leans_right=_words(
            "a an the my your his her its our their this these those i you he she it we they is are was were am be "
            "been has have had do does did will would shall should can could may might must not no very too i'm "
            "you're he's she's it's we're they're i'll you'll we'll don't didn't can't won't doesn't isn't wasn't i've "
            "we've you've they've i'd he'd she'd they'll he'll she'll mr. mrs. ms. dr."
        ),
        may_end=_words(
            "in on about over under through before after since so though although without you it her this that these "
            "those no not too"
        ),
        determiners=_words("a an the my your his her its our their these those no every each some any"),
        verbs=_words(
            "is are was were am has have had do does did will would shall should can could may might must don't didn't "
            "can't won't doesn't isn't wasn't couldn't wouldn't"
        ),
        answers=_words(
            "yes yeah yep no nope sure okay ok maybe perhaps never nothing nobody nowhere absolutely certainly exactly "
            "fine alright because not"
        ),
        joins={
            "of": _words(
                "out because instead kind sort lot lots couple number part most some all one each none top end"
            ),
            "to": _words("according due used going have has had want wants wanted need needs able about close next"),
            "than": _words("more less rather other better worse"),
            "as": _words("as well such soon long far"),
            "other": _words("each"),
            "that": _words("so such"),
        },
    ),
    # Devanagari, and Hinglish in Roman letters (without "the", "to" and "do", which are English, too).
    "hi": Grammar(
        opens=_words(
            "और लेकिन मगर किन्तु परन्तु कि क्योंकि जब अगर यदि या ताकि जो जहाँ जहां जैसे इसलिए "
            "aur lekin magar kyunki kyonki jab agar taaki jahan jaise isliye and but because if when of for with from"
        ),
        leans_right=_words(
            "एक इस उस इन उन यह वह ये वो मेरा मेरी मेरे तेरा तेरी तेरे हमारा हमारी हमारे तुम्हारा तुम्हारी "
            "तुम्हारे आपका आपकी आपके अपना अपनी अपने मैं तू तुम हम आप न मत नहीं बहुत हर कोई किसी कई सभी दोनों जिस किस वे श्री डॉ "
            "ek is us in un mera meri mere tera teri tere hamara hamari hamare tumhara "
            "tumhari tumhare aapka aapki aapke "
            "apna apni apne main tum hum ham aap woh wo yeh ye nahi nahin mat bahut har koi kisi kai sabhi dono jis kis"
        ),
        leans_left=_words(
            "का की के को से में पर ने तक वाला वाली वाले है हैं हूँ हूं हो था थी थे थीं गा गी गे रहा रही रहे गया गई "
            "गयी गए गये दिया दी दिए लिया ली लिए सकता सकती सकते चुका चुकी चुके चाहिए भी ही जी साहब होगा होगी होंगे "
            "हुआ हुई हुए होता होती होते पड़ा पड़ी पड़े पड़ेगा पड़ता पाया पाए पाई पाता पाती पाते लगा लगी लगे "
            "रखा रखी रखे रहूँगा रहूंगा रहूँगी रहूंगी रहेगा रहेगी रहेंगे जाता जाती जाते जाएगा जाएगी जाएँगे जाएंगे थीं "
            "ka ki ke ko se mein ne tak wala wali wale hai hain hoon hun ho tha thi gaya gayi gaye raha rahi rahe "
            "sakta sakti sakte chuka chuki chuke chahiye bhi hi ji hoga hogi honge hua hui hue hota hoti hote "
            "men vala vali vale huen hun thin thi the tha diya di diye liya li liye laga lagi "
            "lage padega padta jata jati "
            "jate jayega jayegi jayenge rahega rahegi rahenge"
        ),
        may_end=_words(
            "यह वह ये वो वे तुम आप न मत नहीं बहुत मैं हम कोई कई सभी दोनों tum aap hum ham woh wo yeh ye us in is nahi nahin "
            "mat bahut koi kai sabhi dono of for with from"
        ),
        genitives=_words(
            "का की के उसका उसकी उसके इसका इसकी इसके उनका उनकी उनके इनका इनकी इनके जिसका जिसकी जिसके जिनका "
            "जिनकी जिनके किसका किसकी किसके "
            "ka ki ke uska uski uske iska iski iske unka unki unke inka inki inke jiska jiski "
            "jiske jinka jinki jinke kiska "
            "kiski kiske"
        ),
        after_genitive=_words(
            "लिए साथ बाद पहले ऊपर नीचे अंदर अन्दर बाहर पास बारे तरफ़ तरफ तरह द्वारा कारण वजह बीच आगे पीछे सामने ख़िलाफ़ खिलाफ "
            "अलावा बिना यहाँ यहां रूप अनुसार ज़रिए जरिए बावजूद बजाय liye saath baad pehle upar "
            "oopar neeche peechhe aage saamne "
            "andar bahar paas baare taraf tarah beech karan wajah alava bina"
        ),
        answers=_words(
            "हाँ हां जी नहीं नही ना बिल्कुल बिलकुल ठीक अच्छा शायद क्योंकि कुछ "
            "haan han ji nahi nahin bilkul theek thik accha acha shayad yes no ok okay"
        ),
    ),
    "ur": Grammar(
        opens=_words("اور لیکن مگر کہ کیونکہ جب اگر یا تاکہ جو جہاں جیسے"),
        leans_right=_words("ایک اس ان یہ وہ میرا میری میرے تیرا تیری ہمارا ہماری اپنا اپنی اپنے میں تم ہم آپ نہ بہت"),
        may_end=_words("یہ وہ میں تم ہم آپ نہ بہت"),
        genitives=_words("کا کی کے"),
        answers=_words("ہاں جی نہیں بالکل ٹھیک اچھا شاید"),
        leans_left=_words(
            "کا کی کے کو سے پر نے تک والا والی والے ہے ہیں ہوں ہو تھا تھی تھے گا گی گے رہا رہی رہے گیا گئی بھی ہی"
        ),
    ),
    "pa": Grammar(
        opens=_words("ਅਤੇ ਪਰ ਕਿ ਕਿਉਂਕਿ ਜਦੋਂ ਜੇ ਜਾਂ ਜੋ ਜਿੱਥੇ"),
        leans_right=_words("ਇੱਕ ਇਸ ਉਸ ਇਹ ਉਹ ਮੇਰਾ ਮੇਰੀ ਮੇਰੇ ਤੇਰਾ ਤੇਰੀ ਸਾਡਾ ਸਾਡੀ ਆਪਣਾ ਆਪਣੀ ਮੈਂ ਤੂੰ ਅਸੀਂ ਤੁਸੀਂ ਨਾ ਬਹੁਤ"),
        leans_left=_words("ਦਾ ਦੀ ਦੇ ਨੂੰ ਤੋਂ ਵਿੱਚ ਵਿਚ ਤੇ ਨੇ ਤੱਕ ਵਾਲਾ ਵਾਲੀ ਵਾਲੇ ਹੈ ਹਨ ਹਾਂ ਸੀ ਸਨ ਗਾ ਗੀ ਗੇ ਰਿਹਾ ਰਹੀ ਰਹੇ ਗਿਆ ਗਈ ਵੀ ਹੀ ਜੀ"),
    ),
    "mr": Grammar(
        opens=_words("आणि पण परंतु की कारण जेव्हा जर किंवा जो जी जे जिथे म्हणून"),
        leans_right=_words("एक हा ही हे तो ती ते माझा माझी माझे तुझा तुझी तुझे आमचा आमची आपला आपली मी तू आम्ही तुम्ही न फार खूप"),
        leans_left=_words("आहे आहेत आहोत होता होती होते नाही नाहीत साठी मध्ये वर पर्यंत सुद्धा असेल"),
    ),
    "bn": Grammar(
        opens=_words("এবং আর কিন্তু যে কারণ যখন যদি অথবা বা যাতে যেখানে"),
        leans_right=_words("এক একটা একটি এই সেই আমার তোমার তার আমাদের তোমাদের আমি তুমি সে আমরা খুব"),
        leans_left=_words("না নেই ছিল ছিলেন আছে হবে জন্য থেকে দিয়ে সঙ্গে সাথে মধ্যে পর্যন্ত ও"),
    ),
    "es": Grammar(
        opens=_words(
            "y e o u pero sino porque que si cuando mientras donde como aunque pues a ante bajo con contra de desde en "
            "entre hacia hasta para por según sin sobre tras del al qué cómo quién quiénes cuándo dónde cuál cuánto ni"
        ),
        leans_right=_words(
            "el la los las un una unos unas lo mi mis tu tus su sus nuestro nuestra nuestros nuestras vuestro vuestra "
            "este esta estos estas ese esa esos esas aquel aquella aquellos aquellas cada yo tú él ella usted nosotros "
            "nosotras ellos ellas ustedes no me te se nos os le les he has ha hemos han había "
            "habías habían habría es son "
            "soy eres somos era eran será serán sería fue fueron está están estoy estás estamos estaba estaban muy más "
            "tan ser haber puede pueden puedo puedes debe deben debo quiero quiere quieres voy vas va vamos "
            "van sr. sra. srta. dr. "
            "don doña"
        ),
        may_end=_words(
            "no él ella usted ustedes nosotros nosotras ellos ellas yo tú este esta estos estas "
            "ese esa esos esas aquel "
            "aquella aquellos aquellas más puede pueden puedo puedes debe deben quiero quiere quieres voy vas va vamos "
            "van será está están estoy soy eres muy"
        ),
        verbs=_words(
            "he has ha hemos han había habían habría es son soy eres somos era eran será serán sería fue fueron está "
            "están estoy estás estamos estaba estaban puede pueden puedo puedes debe deben quiero quiere voy vas va "
            "vamos van"
        ),
        answers=_words("sí no claro bueno vale nada nunca nadie jamás quizá quizás porque exacto exactamente supuesto"),
        joins={
            "que": _words(
                "hay tiene tienen tengo tienes tenemos tener tenía más menos antes después ya así sino medida lo el la "
                "los las aquel aquella aquellos aquellas nada algo mucho para por hasta desde sin tan "
                "tanto tal mejor peor mayor menor"
            ),
            "de": _words(
                "antes después además acerca cerca lejos dentro fuera debajo encima detrás "
                "delante través lugar vez parte "
                "alrededor más menos"
            ),
            "del": _words("antes después además acerca cerca lejos dentro fuera debajo encima detrás delante través"),
            "a": _words("cuanto frente junto debido gracias va voy vas vamos van iba vuelve respecto"),
            "al": _words("cuanto frente junto debido gracias va voy vas vamos van iba respecto"),
        },
    ),
    "fr": Grammar(
        opens=_words(
            "et ou mais donc car que qui si quand lorsque comme parce où à de en dans sur sous avec sans pour par chez "
            "vers entre depuis pendant avant après contre du des au aux"
        ),
        leans_right=_words(
            "le la les un une mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet cette ces je tu "
            "il elle on nous vous ils elles ne me te se ai as a avons avez ont est sont très m. mme"
        ),
        may_end=_words("elle nous vous ils elles sans avant après contre"),
        answers=_words("oui non si jamais rien personne peut-être bien d'accord"),
    ),
}

#: Points of a break, from none (a sentence ends) to many (it tears a name apart). They are weighed against the points
#: of the cutting, which are listed there.
AFTER_SENTENCE = 0.0
AFTER_CLAUSE = 2.0
AFTER_GENITIVE = 10.0
AFTER_VERB = 14.0  # "what it is | in the end"
WITHIN_EXPRESSION = 12.0  # "because | of"
BEFORE_OPENING = 4.0
ANYWHERE = 6.0
WITHIN_PHRASE = 24.0
WITHIN_NAME = 26.0


def ends_clause(text: str) -> bool:
    """Say whether a comma, colon, dash or the like stands after this word."""
    bare = text.rstrip(_CLOSERS)
    return bool(bare) and bare[-1] in CLAUSE_ENDS


def break_points(left: str, right: str, language: str, *, same_name: bool = False) -> float:
    """Return how bad it is to end a line between two words, in points.

    Args:
        left: the last word of the line, with its punctuation.
        right: the first word of the next.
        language: short code of the text's language.
        same_name: whether both belong to one name.
    """
    if ends_sentence(left, right):
        return AFTER_SENTENCE
    if same_name:
        return WITHIN_NAME
    if ends_clause(left):
        return AFTER_CLAUSE
    return _within_clause(left, right, GRAMMARS.get(language, Grammar()))


def _within_clause(left: str, right: str, grammar: Grammar) -> float:
    before, after = _bare(left), _bare(right)
    if before in grammar.verbs and after in grammar.opens and after not in grammar.joins:
        return AFTER_VERB
    if before in grammar.leans_right or before in grammar.opens or after in grammar.leans_left:
        return WITHIN_PHRASE
    if before in grammar.joins.get(after, ()):
        return WITHIN_EXPRESSION
    if before in grammar.genitives:
        return WITHIN_PHRASE if after in grammar.after_genitive else AFTER_GENITIVE
    # Two capitals in a row are most often one name.
    if _counts(left, right) or (left[:1].isupper() and right[:1].isupper()):
        return WITHIN_PHRASE
    return BEFORE_OPENING if after in grammar.opens else ANYWHERE


def is_function_word(word: str, language: str) -> bool:
    """Say whether a word serves others: an article, a conjunction, a preposition, an auxiliary, a pronoun."""
    grammar, bare = GRAMMARS.get(language, Grammar()), _bare(word)
    return bare in grammar.opens or bare in grammar.leans_right or bare in grammar.leans_left


def may_end(word: str, language: str, following: str = "") -> bool:
    """Say whether a word that often leans on what follows may as well end what is said: "you", "in".

    Args:
        word: with its punctuation.
        language: short code.
        following: the word after it: "in | the" and "you | could" end nothing, unless a sentence begins with it.
    """
    grammar, bare = GRAMMARS.get(language, Grammar()), _bare(word)
    if bare not in grammar.may_end:
        return False
    binds = grammar.determiners if bare in grammar.opens else grammar.verbs
    return following[:1].isupper() or _bare(following) not in binds


def begins_clause(word: str, language: str) -> bool:
    """Say whether a clause may well begin with a word: an article, a pronoun, a possessive; no auxiliary."""
    grammar = GRAMMARS.get(language, Grammar())
    return _bare(word) in grammar.leans_right - grammar.verbs


def leans_left(word: str, language: str) -> bool:
    """Say whether a word belongs to the one before it: a postposition, an auxiliary."""
    return _bare(word) in GRAMMARS.get(language, Grammar()).leans_left


def hangs(word: str, language: str) -> bool:
    """Say whether a word leaves a sentence hanging where it stops at it: "the", "and", "का"."""
    return _bare(word) in GRAMMARS.get(language, Grammar()).dangling


def dangles(left: str, right: str, language: str) -> bool:
    """Say whether a cue that ends with a word, while its sentence goes on with another, leaves it hanging."""
    if ends_sentence(left, right) or ends_clause(left):
        return False
    return hangs(left, language)


def is_answer(word: str, language: str) -> bool:
    """Say whether a word begins answers: "yes", "sí", "हाँ"."""
    return _bare(word) in GRAMMARS.get(language, Grammar()).answers


def answers(left: str, right: str, language: str) -> bool:
    """Say whether a sentence that begins with ``right`` answers the question that ends with ``left``."""
    asked = left.rstrip(_CLOSERS).endswith(("?", "؟", "？"))
    return asked and is_answer(right, language)


def tears(left: str, right: str, language: str) -> bool:
    """Say whether a line that ends between two words tears apart what belongs together.

    Known are: an article, a possessive, a pronoun, an auxiliary, a negation or a preposition and what follows; a
    postposition or an auxiliary and what comes before; two names. An adjective and its noun are not told apart.
    """
    return break_points(left, right, language) >= WITHIN_PHRASE


#: A number of digits, with a sign of money before it; and what may follow one without belonging to it.
_NUMBER = re.compile(r"[₹$€£]?\d[\d.,:/]*")
_YEAR = re.compile(r"1\d{3}|20\d{2}|१\d{3}|२०\d{2}")
#: Signs and words that a number is said after: "₹ 500", "Rs. 500", "page 5", "No. 5".
_BEFORE_NUMBER = _words(
    "₹ $ € £ rs rs. rupees no. nos. number page chapter act scene part line room verse figure रुपये रु. नंबर पृष्ठ पेज अध्याय "
    "página capítulo número escena"
)


def _counts(left: str, right: str) -> bool:
    """Say whether a number and what it counts stand here: "5 kilometres", "३ बजे", "page 5"; a year counts nothing."""
    if _NUMBER.fullmatch(left):
        return not _YEAR.fullmatch(left) and right[:1].isalpha() and not right[:1].isupper()
    return left.lower() in _BEFORE_NUMBER and right[:1].isdecimal()


def _bare(text: str) -> str:
    lowered = text.lower().strip("\"'“”‘’«»()[]¿¡♪- ")
    return lowered if lowered in ABBREVIATIONS else lowered.rstrip(",;:.?!…।")
