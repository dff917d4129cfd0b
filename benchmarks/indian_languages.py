"""How much of what is said in other languages of India than Hindi gets text, and whether stage 04 says what does not.

Article 1 of the Universal Declaration of Human Rights, read by espeak-ng (a synthetic voice: no recordings under a free
licence were at hand) in nine languages. Each is heard by stage 04 as a process, with the language named in the film
sheet or left to be found (auto). For each: the language that was taken, seconds of speech, of these without text,
consonants wrong or missing in whatever letters, the words' mean probability, the text, and what the manifest warns of.

Usage: python benchmarks/indian_languages.py [--languages CODE ...] [--auto] [--engine ENGINE] [--model MODEL]
       [--threads N]   (in the environment dev)
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from own_script import consonants, edits, plain
from recognition import ROOT, finished_demux, job_folder

#: The United Nations' text (ohchr.org, in the public domain).
ARTICLE = {
    "ta": "மனிதப் பிறவியினர் சகலரும் சுதந்திரமாகவே பிறக்கின்றனர். அவர்கள் மதிப்பிலும், உரிமைகளிலும் சமமானவர்கள். அவர்கள் "
    "நியாயத்தையும் மனச்சாட்சியையும் இயற்பண்பாகப் பெற்றவர்கள். அவர்கள் "
    "ஒருவருடனொருவர் சகோதர உணர்வுப் பாங்கில் நடந்துகொள்ளல் வேண்டும்.",
    "bn": "সমস্ত মানুষ স্বাধীনভাবে সমান মর্যাদা এবং অধিকার নিয়ে জন্মগ্রহণ করে। তাঁদের বিবেক এবং বুদ্ধি আছে। সুতরাং সকলেরই একে "
    "অপরের প্রতি ভ্রাতৃত্বসুলভ মনোভাব নিয়ে আচরণ করা উচিত।",
    "te": "ప్రతిపత్తిస్వత్వముల విషయమున మానవులెల్లరును జన్మతః స్వతంత్రులును సమానులును నగుదురు. వారు వివేదనాంతఃకరణ "
    "సంపన్నులగుటచే పరస్పరము భ్రాతృభావముతో వర్తింపవలయును.",
    "mr": "सर्व मानवी व्यक्ति जन्मतःच स्वतंत्र आहेत व त्यांना समान प्रतिष्ठा व समान अधिकार आहेत. त्यांना विचारशक्ति व "
    "सदसद्विवेकबुद्धि लाभलेली आहे व त्यांनी एकमेकांशी बंधुत्वाच्या भावनेने आचरण करावे.",
    "gu": "પ્રતિષ્ઠા અને અધિકારોની દૃષ્ટિએ સર્વ માનવો જન્મથી સ્વતંત્ર અને સમાન હોય છે. તેમનામાં વિચારશક્તિ અને અંતઃકરણ હોય છે "
    "અને તેમણે પરસ્પર બંધુત્વની ભાવનાથી વર્તવું જોઇએ.",
    "pa": "ਸਾਰਾ ਮਨੁੱਖੀ ਪਰਿਵਾਰ ਆਪਣੀ ਮਹਿਮਾ, ਸ਼ਾਨ ਅਤੇ ਹੱਕਾਂ ਦੇ ਪੱਖੋਂ ਜਨਮ ਤੋਂ ਹੀ ਆਜ਼ਾਦ ਹੈ ਅਤੇ ਸੁਤੇ ਸਿੱਧ ਸਾਰੇ ਲੋਕ ਬਰਾਬਰ ਹਨ।",
    "kn": "ಎಲ್ಲಾ ಮಾನವರೂ ಸ್ವತಂತ್ರರಾಗಿಯೇ ಜನಿಸಿದ್ದಾರೆ. ಹಾಗೂ ಘನತೆ ಮತ್ತು ಹಕ್ಕುಗಳಲ್ಲಿ ಸಮಾನರಾಗಿದ್ದಾರೆ. ವಿವೇಕ ಮತ್ತು "
    "ಅಂತಃಕರಣಗಳನ್ನು ಪಡೆದವರಾದ್ದರಿಂದ ಅವರು ಪರಸ್ಪರ ಸಹೋದರ ಭಾವದಿಂದ ವರ್ತಿಸಬೇಕು.",
    "ml": "മനുഷ്യരെല്ലാവരും തുല്യാവകാശങ്ങളോടും അന്തസ്സോടും സ്വാതന്ത്ര്യത്തോടുംകൂടി ജനിച്ചവരാണ്. അന്യോന്യം ഭ്രാതൃഭാവത്തോടെ "
    "പെരുമാറുവാനാണ് മനുഷ്യന്നു വിവേകബുദ്ധിയും മനസാക്ഷിയും സിദ്ധമായിരിക്കുന്നത്.",
    "ur": "تمام انسان آزاد اور حقوق و عزت کے اعتبار سے برابر پیدا ہوئے ہیں۔ انہیں ضمیر اور عقل ودیعت ہوئی ہے۔ اس لیے "
    "انہیں ایک دوسرے کے ساتھ بھائی چارے کا سلوک کرنا چاہیے۔",
}
_SPEED_WPM = 135


def spoken(language: str, folder: Path) -> Path:
    """Return the article read in a language, as a WAV file of 16 kHz."""
    read, sound = folder / "read.wav", folder / "sound.wav"
    subprocess.run(
        ["espeak-ng", "-v", language, "-s", str(_SPEED_WPM), "-w", str(read), "--", ARTICLE[language]], check=True
    )
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", str(read), "-ar", "16000", "-ac", "1", str(sound)]
    subprocess.run(command, check=True)
    return sound


def hear(language: str, options: argparse.Namespace) -> str:
    """Let stage 04 hear a language; return what came of it, as a line."""
    with tempfile.TemporaryDirectory(prefix="samvad-bench-") as name:
        folder = Path(name)
        demux = finished_demux(folder, spoken(language, folder))
        command = [
            str(ROOT / "envs" / "run"), "asr", "recognize_speech.py", f"--job-folder={job_folder(folder)}",
            "--film=bench", f"--demux={demux}", f"--model={options.model}", f"--threads={options.threads}",
            f"--languages={'' if options.auto else language}", f"--engine={options.engine}", "--device=cpu",
        ]  # fmt: skip
        settings = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": str(options.threads)}
        done = subprocess.run(command, env=settings, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"{language}: failed: {done.stderr.strip()[-300:]}"
        results = job_folder(folder) / "04_asr"
        found = json.loads((results / "manifest.json").read_text("utf-8"))
        segments = json.loads((results / "segments.json").read_text("utf-8"))
        covered = json.loads((results / "coverage.json").read_text("utf-8"))
    text = " ".join(segment["text"] for segment in segments["segments"])
    truth = consonants(plain(ARTICLE[language]))
    wrong = edits(truth, consonants(plain(text))) / len(truth)
    scores = [word["score"] for segment in segments["segments"] for word in segment["words"] if word["score"]]
    sure = sum(scores) / len(scores) if scores else 0.0
    speech, with_text = (covered[key] / 1000 for key in ("speech_ms", "with_text_ms"))
    warned = " | ".join(str(warning) for warning in found["warnings"])
    return (
        f"{language}: taken for {segments['language']}, speech {speech:.1f} s, without text "
        f"{speech - with_text:.1f} s, consonants wrong {wrong:.3f}, words {sure:.3f} sure\n    {text}\n    {warned}"
    )


def main() -> None:
    """Hear each language and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--languages", nargs="*", default=list(ARTICLE), choices=list(ARTICLE))
    parser.add_argument("--auto", action="store_true", help="the language is not named in the film sheet")
    parser.add_argument("--engine", default="whisperx")
    parser.add_argument("--model", default="base")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    for language in options.languages:
        print(hear(language, options), flush=True)


if __name__ == "__main__":
    sys.exit(main())
