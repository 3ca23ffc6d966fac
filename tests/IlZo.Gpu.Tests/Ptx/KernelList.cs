using IlZo.Kernels;

namespace IlZo.Gpu.Tests.Ptx;

/// <summary>The kernels, in the combinations of types that runs of 16-bit and 32-bit models use most.</summary>
public static class KernelList
{
    public static IReadOnlyList<(string Name, Delegate Kernel)> All { get; } =
    [
        ("linear, fp16, normal, two probes", Linear.Run<F16Format, NormalDirection, TwoProbes, Identity>),
        ("linear, fp16, normal, two probes, gelu", Linear.Run<F16Format, NormalDirection, TwoProbes, Gelu>),
        ("linear, bf16, sign, two probes", Linear.Run<BF16Format, SignDirection, TwoProbes, Silu>),
        ("linear, fp32, normal, one probe", Linear.Run<F32Format, NormalDirection, OneProbe, GeluTanh>),
        ("linear, fp16, none, one probe", Linear.Run<F16Format, NoDirection, OneProbe, Relu>),
        ("rows, fp16, normal, two probes", ReadRows.Run<F16Format, NormalDirection, TwoProbes>),
        ("rows, fp32, none, one probe", ReadRows.Run<F32Format, NoDirection, OneProbe>),
        ("norm", Normalize.Run),
        ("multiply", Elementwise.Multiply),
        ("rotate", Elementwise.Rotate),
        ("gather", Elementwise.Gather),
        ("attention", Attention.Run),
        ("log-sum-exp", LogSumExp.Reduce),
        ("pick targets", LogSumExp.Pick),
        ("update, fp16, normal, sgd", Update.Run<F16Format, NormalDirection, SgdRule>),
        ("update, bf16, sign, momentum", Update.Run<BF16Format, SignDirection, MomentumRule>),
        ("update, fp32, normal, adam", Update.Run<F32Format, NormalDirection, AdamRule>),
        ("read peak", Peaks.Read),
        ("multiply-add peak", Peaks.MultiplyAdd),
        ("noise peak, normal", Peaks.Noise<NormalDirection>),
    ];
}
