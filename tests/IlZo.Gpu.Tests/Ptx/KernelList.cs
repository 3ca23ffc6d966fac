using IlZo.Kernels;
using IlZo.Kernels.TensorCores;

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
        ("tensor linear, fp16, normal, two probes", TensorLinear.Run<F16Format, NormalDirection, TwoProbes, OutInOrder, Identity>),
        ("tensor linear, fp16, normal, two probes, gelu", TensorLinear.Run<F16Format, NormalDirection, TwoProbes, OutInOrder, Gelu>),
        ("tensor linear, bf16, sign, two probes, [in, out]", TensorLinear.Run<BF16Format, SignDirection, TwoProbes, InOutOrder, Silu>),
        ("tensor linear, fp32, normal, one probe", TensorLinear.Run<F32Format, NormalDirection, OneProbe, OutInOrder, GeluTanh>),
        ("tensor linear, fp16, none, one probe", TensorLinear.Run<F16Format, NoDirection, OneProbe, OutInOrder, Relu>),
        ("tensor linear, fp16, small weights, two probes", TensorLinear.Run<F16Format, SmallWeights<NormalDirection>, TwoProbes, OutInOrder, Identity>),
        ("tensor linear, fp16, rank one, one probe", TensorLinear.Run<F16Format, RankOne<NormalDirection>, OneProbe, OutInOrder, Identity>),
        ("rows, fp16, normal, two probes", ReadRows.Run<F16Format, NormalDirection, TwoProbes>),
        ("rows, fp32, none, one probe", ReadRows.Run<F32Format, NoDirection, OneProbe>),
        ("linear, fp16, scaled sphere, two probes", Linear.Run<F16Format, Scaled<NormalDirection>, TwoProbes, Identity>),
        ("linear, fp16, rank one, one probe", Linear.Run<F16Format, RankOne<NormalDirection>, OneProbe, Identity>),
        ("linear, fp16, small weights, two probes", Linear.Run<F16Format, SmallWeights<NormalDirection>, TwoProbes, Identity>),
        ("linear, fp16, low rank, two probes", Linear.Run<F16Format, LowRank<FreshLeft>, TwoProbes, Identity>),
        ("linear, fp16, inverse root, two probes", Linear.Run<F16Format, InverseRoot<NormalDirection>, TwoProbes, Identity>),
        ("linear, fp16, bernoulli, two probes", Linear.Run<F16Format, Bernoulli<NormalDirection>, TwoProbes, Identity>),
        ("linear, fp16, snapshot, one probe", Linear.Run<F16Format, Snapshot<F16Format, NormalDirection>, OneProbe, Identity>),
        ("linear, fp16, offset, one probe", Linear.Run<F16Format, Offset<Scaled<NormalDirection>>, OneProbe, Identity>),
        ("linear, fp16, move by sgd, one probe", Linear.Run<F16Format, Move<SgdRule, Sum<NormalDirection>>, OneProbe, Identity>),
        ("linear, fp16, move by rescaling, one probe", Linear.Run<F16Format, Move<RescalingRule<F16Format>, Sum<NormalDirection>>, OneProbe, Identity>),
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
        ("update, fp16, rank one, momentum", Update.Run<F16Format, RankOne<NormalDirection>, MomentumRule>),
        ("update, fp16, low rank, sgd", Update.Run<F16Format, LowRank<FreshLeft>, SgdRule>),
        ("update, fp16, kept low rank, sgd", Update.Run<F16Format, LowRank<KeptLeft>, SgdRule>),
        ("update, fp16, sum, average", Update.Run<F16Format, Sum<NormalDirection>, AverageRule>),
        ("update, fp16, normal, r-adazo", Update.Run<F16Format, NormalDirection, RAdaRule>),
        ("update, fp16, normal, rescaling", Update.Run<F16Format, NormalDirection, RescalingRule<F16Format>>),
        ("update, fp16, normal, averaged iterate", Update.Run<F16Format, Scaled<NormalDirection>, AveragedIterateRule>),
        ("update, fp16, normal, diagonal", Update.Run<F16Format, NormalDirection, DiagonalRule>),
        ("update, fp16, bernoulli, scores", Update.Run<F16Format, Bernoulli<NormalDirection>, ScoreRule>),
        ("sums of squares of rows, fp16, normal, in fp64", RowSum.Run<F16Format, NormalDirection, OwnFactor>),
        ("sums of squares of rows, fp16, travel, in fp64", RowSum.Run<F16Format, Travel<F16Format, Move<SgdRule, Sum<NormalDirection>>>, OwnFactor>),
        ("products of rows with a vector, fp16, normal, in fp64", RowSum.Run<F16Format, NormalDirection, VectorFactor>),
        ("sums of columns, fp16, normal, weights in fp64", ColumnSum.Run<F16Format, NormalDirection>),
        ("sums of columns, shares", ColumnSum.Add),
    ];
}
