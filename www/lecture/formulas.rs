//! The formulas beside the pictures, in MathML, which browsers draw and screen readers read by themselves.

use latino_web::protocol::Stage;

/// The measurement: y = A x + w.
pub const MEASUREMENT: &str = "<math display='block'><mi>y</mi><mo>=</mo><mi>A</mi><mi>x</mi><mo>+</mo><mi>w</mi><mo>,</mo><mspace width='1em'/><mi>w</mi><mo>∼</mo><mi>N</mi><mo stretchy='false'>(</mo><mn>0</mn><mo>,</mo><msup><mi>σ</mi><mn>2</mn></msup><mi>I</mi><mo stretchy='false'>)</mo></math>";

/// The posterior: p(x | y, c).
pub const POSTERIOR: &str = "<math display='block'><mi>p</mi><mo stretchy='false'>(</mo><mi>x</mi><mo>∣</mo><mi>y</mi><mo>,</mo><mi>c</mi><mo stretchy='false'>)</mo><mo>∝</mo><munder><munder><mrow><mi>p</mi><mo stretchy='false'>(</mo><mi>y</mi><mo>∣</mo><mi>x</mi><mo stretchy='false'>)</mo></mrow><mo>⏟</mo></munder><mtext>data</mtext></munder><mspace width='0.4em'/><munder><munder><mrow><mi>p</mi><mo stretchy='false'>(</mo><mi>x</mi><mo>∣</mo><mi>c</mi><mo stretchy='false'>)</mo></mrow><mo>⏟</mo></munder><mtext>prior</mtext></munder></math>";

/// LATINO-PRO's step on the prompt embedding c.
pub const PROMPT_STEP: &str = "<math display='block'><mi>c</mi><mo>←</mo><msub><mi>Π</mi><mi>C</mi></msub><mrow><mo stretchy='false'>(</mo><mi>c</mi><mo>+</mo><mi>δ</mi><mspace width='0.2em'/><msub><mo>∇</mo><mi>c</mi></msub><mi>log</mi><mi>p</mi><mo stretchy='false'>(</mo><mi>y</mi><mo>∣</mo><mi>c</mi><mo stretchy='false'>)</mo><mo stretchy='false'>)</mo></mrow></math>";

const ENCODE: &str = "<math display='block'><mi>z</mi><mo>=</mo><mi>E</mi><mo stretchy='false'>(</mo><mi>x</mi><mo stretchy='false'>)</mo></math>";
const NOISE: &str = "<math display='block'><msub><mi>z</mi><mi>t</mi></msub><mo>=</mo><msqrt><msub><mover><mi>α</mi><mo>¯</mo></mover><mi>t</mi></msub></msqrt><mi>z</mi><mo>+</mo><msqrt><mn>1</mn><mo>−</mo><msub><mover><mi>α</mi><mo>¯</mo></mover><mi>t</mi></msub></msqrt><mi>n</mi><mo>,</mo><mspace width='0.6em'/><mi>n</mi><mo>∼</mo><mi>N</mi><mo stretchy='false'>(</mo><mn>0</mn><mo>,</mo><mi>I</mi><mo stretchy='false'>)</mo></math>";
const CONSISTENCY: &str = "<math display='block'><msub><mi>z</mi><mn>0</mn></msub><mo>=</mo><msub><mi>f</mi><mi>θ</mi></msub><mo stretchy='false'>(</mo><msub><mi>z</mi><mi>t</mi></msub><mo>,</mo><mi>t</mi><mo>,</mo><mi>c</mi><mo stretchy='false'>)</mo></math>";
const DECODE: &str = "<math display='block'><mi>u</mi><mo>=</mo><mi>D</mi><mo stretchy='false'>(</mo><msub><mi>z</mi><mn>0</mn></msub><mo stretchy='false'>)</mo></math>";
const PROX: &str = "<math display='block'><mi>x</mi><mo>=</mo><mrow><munder><mi>arg min</mi><mi>v</mi></munder></mrow><mspace width='0.3em'/><mfrac><mn>1</mn><mn>2</mn></mfrac><msup><mrow><mo>‖</mo><mi>v</mi><mo>−</mo><mi>u</mi><mo>‖</mo></mrow><mn>2</mn></msup><mo>+</mo><mfrac><mi>γ</mi><mn>2</mn></mfrac><msup><mrow><mo>‖</mo><mi>A</mi><mi>v</mi><mo>−</mo><mi>y</mi><mo>‖</mo></mrow><mn>2</mn></msup></math>";

/// The parts of a step, in their order.
pub const STAGES: [Stage; 5] = [
    Stage::Encode,
    Stage::Noise,
    Stage::Consistency,
    Stage::Decode,
    Stage::Prox,
];

/// The formula of a part.
pub fn formula(stage: Stage) -> &'static str {
    match stage {
        Stage::Encode => ENCODE,
        Stage::Noise => NOISE,
        Stage::Consistency => CONSISTENCY,
        Stage::Decode => DECODE,
        Stage::Prox => PROX,
    }
}
