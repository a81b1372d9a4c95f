"""Writes tests/fixtures/tokenizer.json (prompts and their ids by transformers' CLIPTokenizer on the
tiny trained model's tokenizer) and tests/fixtures/clip_tokenizer.json (the same tokenizer as one file).

Run from the repository root: python tests/reference/tokenizer.py  (needs transformers)
"""

import json
from pathlib import Path

from transformers import AddedToken, CLIPTokenizer

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests/fixtures/tiny-lcm/tokenizer"
OUT = ROOT / "tests/fixtures"

PROMPTS = [
    "",
    " ",
    "\n\t ",
    "a",
    "a glossy 3d emoji of a red apple on a white background",
    "a drawing of a cat face on a blue background",
    "A FLAT ICON OF A ROCKET",
    "  many   spaces\tand\n\nlines  ",
    "no\u00a0break\u2003em\u3000wide",
    "zero\u200bwidth\u200djoiner\ufeff",
    "it's he'd we'll they've i'm you're don't",
    "IT'S HE'D WE'LL",
    "'sup 'tis 'll 'x ''s",
    "wow!!'s ok...'re",
    "rock'n'roll",
    "it’s curly",
    "128x128 px, 3.14159",
    "1234567890",
    "½ ¼ Ⅷ ① ² ٣ 七 𝟘",
    "price: $9.99 (50% off!)",
    "user@example.com https://example.com/?q=1&r=2#x",
    "under_score-dash—em–en",
    "!@#$%^&*()_+-=[]{}|;:\",./<>?`~\\",
    "!!",
    "hello! you",
    "a!b!c",
    "😀",
    "👨‍👩‍👧‍👦 family",
    "🇫🇷 flag 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "🐈‍⬛ black cat ☕️ coffee",
    "cafe\u0301 versus café",
    "A\u030angstrom \u212b",
    "e\u0301\u0323 stacked",
    "\u0344 \u1e9b\u0323",
    "İstanbul ıI",
    "ΣΑΣ σας ὈΔΥΣΣΕΎΣ",
    "STRASSE Straße ẞ",
    "ǅ ǈ titlecase",
    "Привет, мир!",
    "你好世界",
    "こんにちは 世界 ｶﾅ",
    "한국어 텍스트",
    "שלום עולם",
    "مرحبا بالعالم",
    "हिन्दी में पाठ",
    "ภาษาไทย",
    "𝕄𝕒𝕥𝕙 𝒻ℴ𝓃𝓉",
    "ﬁ ligature ﬀ",
    "\u0000nul\u0007bell\u001besc",
    "soft\u00adhyphen",
    "\u0085next\u2028line\u2029para",
    "\ue000private\U0010ffff",
    "<|startoftext|>",
    "<|endoftext|>",
    "a<|endoftext|>b",
    " <|startoftext|> cat <|endoftext|> ",
    "<|STARTOFTEXT|> hi",
    "<|EndOfText|>!s",
    "x<|STARTOFTEXT|>'s!",
    "<|startoftext|",
    "<|<|endoftext|>|>",
    "<w/> </w> cat</w>",
    "Ġspace Ċ",
    "supercalifragilisticexpialidocious",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "a photo of " + "very " * 60 + "long",
    "red green blue yellow purple orange pink brown black white grey one two three four five",
]


def case(tokenizer, config):
    length = tokenizer.model_max_length
    return {
        "config": config,
        "ids": [
            tokenizer(p, padding="max_length", truncation=True, max_length=length).input_ids
            for p in PROMPTS
        ],
        "counts": [len(tokenizer(p).input_ids) for p in PROMPTS],
    }


if __name__ == "__main__":
    own = json.loads((MODEL / "tokenizer_config.json").read_text())
    plain = CLIPTokenizer.from_pretrained(MODEL)

    # Stable Diffusion 2 pads with "!", which becomes a special token thereby.
    padded = CLIPTokenizer.from_pretrained(MODEL, pad_token="!")

    # Some published configs state "normalized": true, so that capitals count as the token too.
    def normalized(content):
        return AddedToken(content, normalized=True, special=True)

    loud = CLIPTokenizer.from_pretrained(
        MODEL,
        bos_token=normalized("<|startoftext|>"),
        eos_token=normalized("<|endoftext|>"),
        unk_token=normalized("<|endoftext|>"),
        pad_token=normalized("<|endoftext|>"),
    )
    flag = lambda content: {"content": content, "normalized": True}
    end = flag("<|endoftext|>")
    cases = [
        case(plain, own),
        case(padded, own | {"pad_token": "!"}),
        case(
            loud,
            own
            | {"bos_token": flag("<|startoftext|>")}
            | {key: end for key in ("eos_token", "unk_token", "pad_token")},
        ),
    ]
    fixture = {"prompts": PROMPTS, "cases": cases}
    (OUT / "tokenizer.json").write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    whole = json.loads(plain.backend_tokenizer.to_str())
    (OUT / "clip_tokenizer.json").write_text(
        json.dumps(whole, separators=(",", ":"), ensure_ascii=False) + "\n"
    )
