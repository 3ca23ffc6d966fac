using IlZo.Backends.Cpu.Emitted;

namespace IlZo.Backends.Cpu;

/// <summary>
/// The products of weights and activations, which is where a step's time goes: pack a block of weights at every probe, slice by slice of
/// the inputs, and multiply it with panels of tokens. The C# kernels are the reference; others compute the same sums by other instructions,
/// and less exactly.
/// </summary>
internal abstract unsafe class ProductEngine
{
    /// <summary>What it is called.</summary>
    public abstract Engine Engine { get; }

    /// <summary>Whether products run on the matrix unit, and so only on threads with a <see cref="SignalStack"/>.</summary>
    public virtual bool NeedsTiles => false;

    /// <summary>Attention's products.</summary>
    public abstract AttentionEngine Attention { get; }

    /// <summary>The most inputs that are packed at a time.</summary>
    /// <param name="outputs">Outputs of the block.</param>
    public abstract int Depth(int outputs);

    /// <summary>Outputs that a block may have.</summary>
    /// <param name="tokens">Tokens of one probe.</param>
    /// <param name="layout">How weights are stored.</param>
    public abstract BlockLimits Blocks(int tokens, WeightLayout layout);

    /// <summary>Bytes that a panel of activations takes when it is packed; 0 where activations are multiplied as they lie.</summary>
    public abstract long PackedPanelBytes(int features);

    /// <summary>Packs a panel [feature][32 tokens].</summary>
    public abstract void PackPanel(float* panel, int features, byte* packed);

    /// <summary>Packs some of the inputs, once for each probe.</summary>
    /// <param name="block">The weights; its worker's buffers hold the result.</param>
    /// <param name="input">The first input, a multiple of <see cref="Depth"/>.</param>
    /// <param name="depth">How many, at most <see cref="Depth"/>.</param>
    public abstract byte* Pack(in WeightBlock block, int input, int depth);

    /// <summary>Y[outputs][lanes] += W · X[depth][lanes] for one panel.</summary>
    /// <param name="block">The weights.</param>
    /// <param name="packed">What <see cref="Pack"/> returned.</param>
    /// <param name="probe">The probe to multiply at.</param>
    /// <param name="panel">The panel, as <see cref="PackPanel"/> packed it or as it lies.</param>
    /// <param name="lanes">Tokens of the panel to compute, from the first on; others may be.</param>
    /// <param name="input">The first input.</param>
    /// <param name="y">The block's first output.</param>
    /// <param name="depth">How many inputs.</param>
    public abstract void Multiply(in WeightBlock block, byte* packed, int probe, byte* panel, int lanes, int input, float* y, int depth);
}
