namespace IlZo.Backends;

/// <summary>What computes the products of weights and activations, and how exactly. Different ones round differently.</summary>
/// <param name="Name">One of <see cref="EngineName"/>.</param>
/// <param name="Precision">One of <see cref="PrecisionName"/>.</param>
public sealed record Engine(string Name, string Precision)
{
    /// <summary>
    /// The version of its arithmetic: it changes whenever the bits that a forward of this engine gives are changed on purpose, and for
    /// nothing else. All processors compute the same bits, with fused multiply-adds or without, with vectors of any width or none.
    /// </summary>
    /// <remarks>
    /// 2: losses add up examples, and exponentials and other functions are the project's own. What was trained before has 1. All engines
    /// have the same number until one changes alone.
    /// </remarks>
    public string Arithmetic => "2";

    /// <summary>Whether it has passes of a kind.</summary>
    internal bool Has(PassKind kind) => kind == PassKind.Losses || Name == EngineName.Managed;

    /// <summary>Refuses an engine that has no passes of a kind.</summary>
    /// <param name="kind">The kind.</param>
    /// <param name="asked">What asks for them, as the beginning of a sentence.</param>
    /// <exception cref="InvalidInputException">The engine has none.</exception>
    internal void Require(PassKind kind, string asked)
    {
        if (!Has(kind))
        {
            throw Lacks(kind, asked);
        }
    }

    /// <summary>Says that it has no passes of a kind.</summary>
    /// <inheritdoc cref="Require"/>
    internal InvalidInputException Lacks(PassKind kind, string asked) => new(
        $"{asked}, which {this} does not {(kind == PassKind.Inputs ? "show" : "compute")}; {Setting.Device} cpu with {Setting.Engine} "
            + $"{EngineName.Managed} was expected.");

    /// <summary>The kind of device that has it.</summary>
    public DeviceKind Kind => KindOf(Name);

    /// <summary>The kind of device that has an engine of this name.</summary>
    internal static DeviceKind KindOf(string name) => name == EngineName.Cuda ? DeviceKind.Cuda : DeviceKind.Cpu;

    /// <summary>Both names, as messages have them.</summary>
    public override string ToString() => $"{Name} in {Precision}";
}

/// <summary>Names of engines.</summary>
public static class EngineName
{
    /// <summary>The C# kernels.</summary>
    public const string Managed = "managed";

    /// <summary>Emitted tile instructions.</summary>
    public const string Amx = "amx";

    /// <summary>Emitted VDPBF16PS.</summary>
    public const string DotProduct = "avx512-bf16";

    /// <summary>Kernels on an NVIDIA GPU.</summary>
    public const string Cuda = "cuda";
}

/// <summary>Names of precisions: what the operands of products are rounded to. Sums are in fp32.</summary>
public static class PrecisionName
{
    /// <summary>Single precision.</summary>
    public const string Fp32 = "fp32";

    /// <summary>Each number is the sum of two in bfloat16, and a product three products of these.</summary>
    public const string SplitBFloat16 = "bf16x3";

    /// <summary>Half precision; on a GPU.</summary>
    public const string Float16 = "fp16";

    /// <summary>bfloat16: for evaluation, scores and texts, but not exact enough to train.</summary>
    public const string BFloat16 = "bf16";
}
