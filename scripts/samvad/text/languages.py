"""Languages: one place for the codes that the sheet, Whisper, IndicTrans2, MKV and VTT use.

Inside Samvad a language is its shortest BCP 47 code (``hi``, ``en``, ``mai``).
"""

from __future__ import annotations

import functools

from samvad.core.errors import ConfigurationError

#: Languages that Whisper was trained on, by its own codes (its multilingual tokenizer; only large-v3 has yue).
_WHISPER_CODES = (  # noqa: SIM905 -- a table
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy "
    "id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa "
    "sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh"
).split()
#: Whisper's own codes that are not the shortest of BCP 47: Javanese and Tagalog, of which Filipino is the written form.
_OF_WHISPER = {"jw": "jv", "tl": "fil"}
#: Our codes as Whisper knows them. Written Norwegian has two forms; Bokmål is the one that Whisper calls Norwegian.
_FOR_WHISPER = {**{ours: theirs for theirs, ours in _OF_WHISPER.items()}, "nb": "no"}

#: Languages that Whisper can recognise, by our codes.
WHISPER: frozenset[str] = frozenset(_OF_WHISPER.get(code, code) for code in _WHISPER_CODES) | _FOR_WHISPER.keys()

#: IndicTrans2's languages as its FLORES tags (AI4Bharat, IndicTrans2 README, "Supported languages"); where one has
#: several scripts, the one in everyday use.
INDICTRANS2: dict[str, str] = {
    "as": "asm_Beng",
    "bn": "ben_Beng",
    "brx": "brx_Deva",
    "doi": "doi_Deva",
    "en": "eng_Latn",
    "gu": "guj_Gujr",
    "hi": "hin_Deva",
    "kn": "kan_Knda",
    "kok": "gom_Deva",
    "ks": "kas_Arab",
    "mai": "mai_Deva",
    "ml": "mal_Mlym",
    "mni": "mni_Mtei",
    "mr": "mar_Deva",
    "ne": "npi_Deva",
    "or": "ory_Orya",
    "pa": "pan_Guru",
    "sa": "san_Deva",
    "sat": "sat_Olck",
    "sd": "snd_Arab",
    "ta": "tam_Taml",
    "te": "tel_Telu",
    "ur": "urd_Arab",
}

#: NLLB-200's languages as its FLORES tags, with our short codes (transformers 4.53.2, ``FAIRSEQ_LANGUAGE_CODES``);
#: where one has several scripts, the one in everyday use.
NLLB: dict[str, str] = dict(
    item.split("=")
    for item in (  # noqa: SIM905 -- a table
        "ace=ace_Latn acm=acm_Arab acq=acq_Arab aeb=aeb_Arab af=afr_Latn ajp=ajp_Arab ak=aka_Latn am=amh_Ethi "
        "apc=apc_Arab ar=arb_Arab ars=ars_Arab ary=ary_Arab arz=arz_Arab as=asm_Beng ast=ast_Latn awa=awa_Deva "
        "ay=ayr_Latn az=azj_Latn azb=azb_Arab ba=bak_Cyrl ban=ban_Latn be=bel_Cyrl bem=bem_Latn bg=bul_Cyrl "
        "bho=bho_Deva bjn=bjn_Latn bm=bam_Latn bn=ben_Beng bo=bod_Tibt bs=bos_Latn bug=bug_Latn ca=cat_Latn "
        "ceb=ceb_Latn cjk=cjk_Latn ckb=ckb_Arab crh=crh_Latn cs=ces_Latn cy=cym_Latn da=dan_Latn de=deu_Latn "
        "din=dik_Latn dyu=dyu_Latn dz=dzo_Tibt ee=ewe_Latn el=ell_Grek en=eng_Latn eo=epo_Latn es=spa_Latn "
        "et=est_Latn eu=eus_Latn fa=pes_Arab ff=fuv_Latn fi=fin_Latn fil=tgl_Latn fj=fij_Latn fo=fao_Latn "
        "fon=fon_Latn fr=fra_Latn fur=fur_Latn ga=gle_Latn gd=gla_Latn gl=glg_Latn gn=grn_Latn gu=guj_Gujr "
        "ha=hau_Latn he=heb_Hebr hi=hin_Deva hne=hne_Deva hr=hrv_Latn ht=hat_Latn hu=hun_Latn hy=hye_Armn "
        "id=ind_Latn ig=ibo_Latn ilo=ilo_Latn is=isl_Latn it=ita_Latn ja=jpn_Jpan jv=jav_Latn ka=kat_Geor "
        "kab=kab_Latn kac=kac_Latn kam=kam_Latn kbp=kbp_Latn kea=kea_Latn kg=kon_Latn ki=kik_Latn kk=kaz_Cyrl "
        "km=khm_Khmr kmb=kmb_Latn kn=kan_Knda ko=kor_Hang kr=knc_Latn ks=kas_Arab ku=kmr_Latn ky=kir_Cyrl "
        "lb=ltz_Latn lg=lug_Latn li=lim_Latn lij=lij_Latn lmo=lmo_Latn ln=lin_Latn lo=lao_Laoo lt=lit_Latn "
        "ltg=ltg_Latn lua=lua_Latn luo=luo_Latn lus=lus_Latn lv=lvs_Latn mag=mag_Deva mai=mai_Deva mg=plt_Latn "
        "mi=mri_Latn min=min_Latn mk=mkd_Cyrl ml=mal_Mlym mn=khk_Cyrl mni=mni_Beng mos=mos_Latn mr=mar_Deva "
        "ms=zsm_Latn mt=mlt_Latn my=mya_Mymr nb=nob_Latn ne=npi_Deva nl=nld_Latn nn=nno_Latn no=nob_Latn "
        "nso=nso_Latn nus=nus_Latn ny=nya_Latn oc=oci_Latn om=gaz_Latn or=ory_Orya pa=pan_Guru pag=pag_Latn "
        "pap=pap_Latn pl=pol_Latn ps=pbt_Arab pt=por_Latn qu=quy_Latn rn=run_Latn ro=ron_Latn "
        "ru=rus_Cyrl rw=kin_Latn sa=san_Deva sat=sat_Beng sc=srd_Latn scn=scn_Latn sd=snd_Arab sg=sag_Latn "
        "shn=shn_Mymr si=sin_Sinh sk=slk_Latn sl=slv_Latn sm=smo_Latn sn=sna_Latn so=som_Latn sq=als_Latn "
        "sr=srp_Cyrl ss=ssw_Latn st=sot_Latn su=sun_Latn sv=swe_Latn sw=swh_Latn szl=szl_Latn ta=tam_Taml "
        "taq=taq_Latn te=tel_Telu tg=tgk_Cyrl th=tha_Thai ti=tir_Ethi tk=tuk_Latn tn=tsn_Latn tpi=tpi_Latn "
        "tr=tur_Latn ts=tso_Latn tt=tat_Cyrl tum=tum_Latn tw=twi_Latn tzm=tzm_Tfng ug=uig_Arab uk=ukr_Cyrl "
        "umb=umb_Latn ur=urd_Arab uz=uzn_Latn vec=vec_Latn vi=vie_Latn war=war_Latn wo=wol_Latn xh=xho_Latn "
        "yi=ydd_Hebr yo=yor_Latn yue=yue_Hant zh=zho_Hans zu=zul_Latn "
    ).split()
)

#: Languages that are meant by the code of a wider one (ISO 639-3, macrolanguages) in the tables above.
_MEMBERS = {tag.split("_")[0]: code for code, tag in NLLB.items() if code not in ("nb", "nn", "fil", "ajp", "ace")} | {
    "cmn": "zh",
    "ekk": "et",
    "gom": "kok",
    "prs": "fa",
}

#: English names of the languages that are recognised and translated, as the library has them: it takes long to load its
#: own, and not every environment has them.
NAMES: dict[str, str] = dict(
    item.replace("_", " ").split("=")
    for item in (  # noqa: SIM905 -- a table
        "ar=Arabic as=Assamese bn=Bangla brx=Bodo de=German doi=Dogri en=English es=Spanish fa=Persian fr=French "
        "gu=Gujarati hi=Hindi id=Indonesian it=Italian ja=Japanese kn=Kannada ko=Korean kok=Konkani ks=Kashmiri "
        "mai=Maithili ml=Malayalam mni=Manipuri mr=Marathi ne=Nepali nl=Dutch or=Odia pa=Punjabi pl=Polish "
        "pt=Portuguese ru=Russian sa=Sanskrit sat=Santali sd=Sindhi sv=Swedish ta=Tamil te=Telugu th=Thai "
        "tr=Turkish uk=Ukrainian ur=Urdu vi=Vietnamese zh=Chinese "
        "af=Afrikaans am=Amharic az=Azerbaijani ba=Bashkir be=Belarusian bg=Bulgarian bo=Tibetan br=Breton bs=Bosnian "
        "ca=Catalan cs=Czech cy=Welsh da=Danish el=Greek et=Estonian eu=Basque fi=Finnish fil=Filipino fo=Faroese "
        "gl=Galician ha=Hausa haw=Hawaiian he=Hebrew hr=Croatian ht=Haitian_Creole hu=Hungarian hy=Armenian "
        "is=Icelandic jv=Javanese ka=Georgian kk=Kazakh km=Khmer la=Latin lb=Luxembourgish ln=Lingala lo=Lao "
        "lt=Lithuanian lv=Latvian mg=Malagasy mi=Māori mk=Macedonian mn=Mongolian ms=Malay mt=Maltese my=Burmese "
        "nb=Norwegian_Bokmål nn=Norwegian_Nynorsk no=Norwegian oc=Occitan ps=Pashto ro=Romanian si=Sinhala sk=Slovak "
        "sl=Slovenian sn=Shona so=Somali sq=Albanian sr=Serbian su=Sundanese sw=Swahili tg=Tajik tk=Turkmen tt=Tatar "
        "uz=Uzbek yi=Yiddish yo=Yoruba yue=Cantonese "
    ).split()
)


def normalise(code: str, where: str) -> str:
    """Return a language's shortest code: ``hin``, ``hi-IN`` and ``HI`` become ``hi``.

    Args:
        code: what a user or a file says.
        where: file and column, or key, for the message.

    Raises:
        ConfigurationError: there is no such language.
    """
    shortest = _shortest(code.strip())
    if shortest is None:
        raise ConfigurationError(
            f"{where}: {code!r} is not a language code.",
            "Write a code such as hi (Hindi), en (English), ta (Tamil) or es (Spanish).",
        )
    return shortest


def same(one: str, other: str) -> bool:
    """Return whether two codes name one language: ``tl`` and ``fil``, ``nb`` and ``no``, ``cmn`` and ``zh``.

    Args:
        one: a code.
        other: another.
    """
    return one == other or _known_as(one) == _known_as(other)


@functools.cache
def _known_as(code: str) -> str:
    found = _shortest(code) or code
    return {"nb": "no"}.get(found, found)


@functools.cache
def _shortest(text: str) -> str | None:
    """Return a language's shortest code, or None where there is no such language."""
    if text in NLLB:
        return text  # its keys are shortest codes; most sheets name no others, and the library takes long to load
    import langcodes

    try:
        language = langcodes.Language.get(text, normalize=True)
    except (langcodes.tag_parser.LanguageTagError, ValueError):
        return None
    if not language.language or not language.is_valid() or language.language == "und":
        return None
    return _MEMBERS.get(str(language.language), str(language.language))


def for_whisper(code: str) -> str:
    """Return Whisper's own code of one of its languages: ``fil`` gives ``tl``."""
    return _FOR_WHISPER.get(code, code)


def from_whisper(code: str) -> str:
    """Return our code of a language that Whisper names: ``tl`` gives ``fil``."""
    return _OF_WHISPER.get(code, code)


def iso_639_2(code: str) -> str:
    """Return a language's code in ISO 639-2/T: ``hi`` gives ``hin``; ``und`` where there is none.

    That list is older than Cantonese's own code, and has it as Chinese.
    """
    import langcodes

    found = "zho" if code == "yue" else langcodes.Language.get(code).to_alpha3(variant="T")
    return found if len(found) == 3 else "und"


def from_tag(tag: str | None) -> str | None:
    """Return the short code of a stream's language tag (``hin`` gives ``hi``), or None where it says nothing."""
    if not tag or tag.lower() in ("und", "mis", "zxx", "mul"):
        return None
    try:
        return normalise(tag, "language tag")
    except ConfigurationError:
        return None


def name(code: str) -> str:
    """Return a language's English name, such as ``Hindi``; its code where there is no name at hand."""
    if code in NAMES:
        return NAMES[code]
    import langcodes

    try:
        return langcodes.Language.get(code).display_name("en")
    except ImportError:  # the library's names are a package of their own
        return code
