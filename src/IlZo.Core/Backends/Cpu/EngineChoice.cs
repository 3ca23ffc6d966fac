using IlZo.Backends.Cpu.Emitted;

namespace IlZo.Backends.Cpu;

/// <summary>What computes products on this machine's CPU where an engine is asked for.</summary>
internal sealed record EngineChoice
{
    private readonly PanelFunction? _function;

    private EngineChoice(PanelFunction? function, string? notice = null) => (_function, Notice) = (function, notice);

    /// <summary>The C# kernels in fp32.</summary>
    public static EngineChoice Managed { get; } = new(function: null);

    /// <summary>Why this is not what was asked for, as a sentence; null where it is.</summary>
    public string? Notice { get; }

    /// <summary>Whether the C# kernels compute, with which others are compared.</summary>
    public bool IsReference => _function is null;

    /// <summary>Chooses an engine. What this machine cannot do is replaced by the C# kernels, and <see cref="Notice"/> says so.</summary>
    /// <exception cref="InvalidInputException">A name is unknown, or no CPU has that engine in that precision.</exception>
    public static EngineChoice Of(EngineRequest request)
    {
        request.Validate(DeviceKind.Cpu);
        var (engine, precision) = request;
        return (engine, precision) switch
        {
            (EngineName.Managed, _) or (EngineRequest.Auto, EngineRequest.Auto or PrecisionName.Fp32) => Managed,
            (EngineRequest.Auto, PrecisionName.BFloat16) => OrManaged(EmittedKernels.DotProduct, $"{Setting.Precision} {precision}"),
            (_, PrecisionName.BFloat16) => OrManaged(EmittedKernels.Tiles, $"{Setting.Engine} {engine} {Setting.Precision} {precision}"),
            (EngineRequest.Auto, _) => OrManaged(EmittedKernels.SplitTiles, $"{Setting.Precision} {precision}"),
            _ => OrManaged(EmittedKernels.SplitTiles, $"{Setting.Engine} {engine}"),
        };
    }

    /// <summary>
    /// What auto stands for where it may stand for tiles: they are named if a trial succeeds, which a caller runs in a process of its own,
    /// since what a self-test cannot catch is a crash (<see cref="EngineSelfTest"/>). Without a trial auto means the C# kernels.
    /// </summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="failure">Runs the trial and says what failed, or null.</param>
    /// <returns>A request for <see cref="Of"/>.</returns>
    public static EngineRequest ResolveAuto(EngineRequest request, Func<string?> failure) =>
        request is { Engine: EngineRequest.Auto, Precision: not PrecisionName.Fp32 } && CpuFeatures.HasTiles && failure() is null
            ? request with { Engine = EngineName.Amx }
            : request;

    /// <summary>What each engine is, and what was found about it on this machine: a name and a sentence each.</summary>
    /// <param name="failure">As in <see cref="ResolveAuto"/>.</param>
    public static IReadOnlyList<(string Name, string Sentence)> Explain(Func<string?> failure) =>
    [
        (EngineName.Managed, "C# kernels in fp32, used where no other engine is."),
        (EngineName.Amx, CpuFeatures.HasTiles && failure() is { } reason
            ? $"bf16x3 and bf16 by emitted tile instructions, not used: {reason}."
            : Sentence("bf16x3 and bf16 by emitted tile instructions", EmittedKernels.SplitTiles, $"used by {Setting.Engine} auto")),
        (EngineName.DotProduct, Sentence("bf16 by emitted VDPBF16PS", EmittedKernels.DotProduct, $"used for {Setting.Precision} bf16")),
    ];

    /// <param name="blocks">How much of the weights it packs at a time.</param>
    internal ProductEngine CreateProducts(CacheBlocks blocks) =>
        _function is null ? new ManagedProducts(blocks) : new BFloat16Products(_function, blocks);

    private static EngineChoice OrManaged(KernelProbe probe, string asked) => probe is { IsUsable: true, Function: { } function }
        ? new EngineChoice(function)
        : new EngineChoice(null, $"{asked} is not possible here ({probe.Finding}); the C# kernels compute in fp32 instead.");

    private static string Sentence(string what, KernelProbe probe, string use) =>
        $"{what}, {(probe.IsUsable ? use : "not used")}: {probe.Finding}.";
}
