using IlZo.Kernels;
using IlZo.Kernels.TensorCores;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Updates;
using ILGPU.Runtime;
using Scaled = IlZo.Kernels.Changed<
    IlZo.Kernels.NormalDirection, IlZo.Perturbations.ScalingLaw<float, IlZo.Kernels.DeviceMath>, IlZo.Kernels.NoNumbers>;
using SgdRule = IlZo.Kernels.LawRule<IlZo.Updates.StepLaw<float, IlZo.Kernels.DeviceMath>, IlZo.Kernels.NoNumbers, IlZo.Kernels.NoNumbers>;
using Small = IlZo.Kernels.Changed<
    IlZo.Kernels.NormalDirection, IlZo.Perturbations.SmallWeightsLaw<float, IlZo.Kernels.DeviceMath>, IlZo.Kernels.NoNumbers>;

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
        ("tensor linear in bf16x3, fp16, normal, two "
            + "probes", TensorLinear.Run<F16Format, NormalDirection, TwoProbes, SplitOperands, OutInOrder, Identity>),
        ("tensor linear in bf16x3, fp16, normal, two probes, "
            + "gelu", TensorLinear.Run<F16Format, NormalDirection, TwoProbes, SplitOperands, OutInOrder, Gelu>),
        ("tensor linear in bf16x3, bf16, sign, two probes, [in, "
            + "out]", TensorLinear.Run<BF16Format, SignDirection, TwoProbes, SplitOperands, InOutOrder, Silu>),
        ("tensor linear in bf16x3, fp32, normal, one "
            + "probe", TensorLinear.Run<F32Format, NormalDirection, OneProbe, SplitOperands, OutInOrder, GeluTanh>),
        ("tensor linear in bf16x3, fp16, none, one "
            + "probe", TensorLinear.Run<F16Format, NoDirection, OneProbe, SplitOperands, OutInOrder, Relu>),
        ("tensor linear in bf16x3, fp16, small weights, two probes",
            TensorLinear.Run<F16Format, Small, TwoProbes, SplitOperands, OutInOrder, Identity>),
        ("tensor linear in bf16x3, fp16, rank one, one probe",
            TensorLinear.Run<
                F16Format, Changed<NormalDirection, RankOneLaw<float, DeviceMath>, ColumnNumbers>, OneProbe, SplitOperands, OutInOrder,
                Identity>),
        ("tensor linear in fp16, fp16, normal, two "
            + "probes", TensorLinear.Run<F16Format, NormalDirection, TwoProbes, HalfOperands, OutInOrder, Identity>),
        ("tensor linear in fp16, fp32, normal, one "
            + "probe", TensorLinear.Run<F32Format, NormalDirection, OneProbe, HalfOperands, OutInOrder, GeluTanh>),
        ("tensor linear in bf16, bf16, sign, two probes, [in, "
            + "out]", TensorLinear.Run<BF16Format, SignDirection, TwoProbes, BFloat16Operands, InOutOrder, Silu>),
        ("tensor linear in bf16, fp16, none, one "
            + "probe", TensorLinear.Run<F16Format, NoDirection, OneProbe, BFloat16Operands, OutInOrder, Relu>),
        ("linear, q4_0, none, two probes", Linear.Run<BlockedFormat<Q4ZeroBlock>, NoDirection, TwoProbes, Identity>),
        ("tensor linear in bf16x3, q8_0, none, two probes",
            TensorLinear.Run<BlockedFormat<Q8ZeroBlock>, NoDirection, TwoProbes, SplitOperands, OutInOrder, Identity>),
        ("tensor linear in bf16x3, q4_k, none, two probes",
            TensorLinear.Run<BlockedFormat<Q4KBlock>, NoDirection, TwoProbes, SplitOperands, OutInOrder, Identity>),
        ("product of prepared weights in bf16x3", OperandProduct.Run<SplitOperands, WarpTileSums, Identity>),
        ("product of prepared weights in bf16x3, gelu", OperandProduct.Run<SplitOperands, WarpTileSums, Gelu>),
        ("product of prepared weights in fp16", OperandProduct.Run<HalfOperands, WarpTileSums, Identity>),
        ("product of prepared weights in bf16", OperandProduct.Run<BFloat16Operands, WarpTileSums, Identity>),
        ("product of prepared weights in bf16x3 by warpgroups", OperandProduct.Run<SplitOperands, WarpgroupSums, Identity>),
        ("product of prepared weights in fp16 by warpgroups", OperandProduct.Run<HalfOperands, WarpgroupSums, Identity>),
        ("product of prepared weights in bf16 by warpgroups", OperandProduct.Run<BFloat16Operands, WarpgroupSums, Identity>),
        ("prepared weights in bf16x3, fp16, normal, two "
            + "probes", WeightOperands.Run<F16Format, NormalDirection, TwoProbes, SplitOperands, OutInOrder>),
        ("prepared weights in fp16, fp16, normal, two "
            + "probes", WeightOperands.Run<F16Format, NormalDirection, TwoProbes, HalfOperands, OutInOrder>),
        ("prepared weights in bf16x3, bf16, sign, two probes, [in, "
            + "out]", WeightOperands.Run<BF16Format, SignDirection, TwoProbes, SplitOperands, InOutOrder>),
        ("prepared weights in bf16, q8_0, none, one "
            + "probe", WeightOperands.Run<BlockedFormat<Q8ZeroBlock>, NoDirection, OneProbe, BFloat16Operands, OutInOrder>),
        ("rounded inputs, bf16x3", RoundedInputs.Run<SplitOperands>),
        ("rounded inputs, fp16", RoundedInputs.Run<HalfOperands>),
        ("rounded inputs, bf16", RoundedInputs.Run<BFloat16Operands>),
        ("rows, fp16, normal, two probes", ReadRows.Run<F16Format, NormalDirection, TwoProbes>),
        ("rows, fp32, none, one probe", ReadRows.Run<F32Format, NoDirection, OneProbe>),
        ("rows, nf4, none, one probe", ReadRows.Run<BlockedFormat<NormalFloatBlock>, NoDirection, OneProbe>),
        ("rows, q4_z, none, one probe", ReadRows.Run<BlockedFormat<ZeroPointBlock>, NoDirection, OneProbe>),
        ("rows, q6_k, none, one probe", ReadRows.Run<BlockedFormat<Q6KBlock>, NoDirection, OneProbe>),
        ("linear, fp16, scaled sphere, two probes", Linear.Run<F16Format, Scaled, TwoProbes, Identity>),
        (
            "linear, fp16, rank one, one probe",
            Linear.Run<F16Format, Changed<NormalDirection, RankOneLaw<float, DeviceMath>, ColumnNumbers>, OneProbe, Identity>),
        ("linear, fp16, small weights, two "
            + "probes",
            Linear.Run<F16Format, Small, TwoProbes, Identity>),
        ("linear, fp16, low rank, two probes", Linear.Run<F16Format, LowRank<FreshLeft>, TwoProbes, Identity>),
        ("linear, fp16, inverse root, two "
            + "probes",
            Linear.Run<F16Format, Changed<NormalDirection, InverseRootLaw<float, DeviceMath>, StateNumbers>, TwoProbes, Identity>),
        ("linear, fp16, bernoulli, two probes", Linear.Run<F16Format, Bernoulli<NormalDirection>, TwoProbes, Identity>),
        (
            "linear, fp16, snapshot, one probe",
            Linear.Run<F16Format, Changed<NormalDirection, SnapshotLaw<float, DeviceMath>, StoredNumbers<F16Format>>, OneProbe, Identity>),
        (
            "linear, fp16, offset, one probe",
            Linear.Run<F16Format, Changed<Scaled, OffsetLaw<float, DeviceMath>, StateNumbers>, OneProbe, Identity>),
        ("linear, fp16, move by sgd, one probe", Linear.Run<F16Format, Move<SgdRule, Sum<NormalDirection>>, OneProbe, Identity>),
        ("linear, fp16, move by rescaling, one probe",
            Linear.Run<
                F16Format, Move<LawRule<RescalingLaw<float, DeviceMath>, StoredNumbers<F16Format>, NoNumbers>, Sum<NormalDirection>>,
                OneProbe, Identity>),
        ("norm", Normalize.Run),
        ("multiply", Elementwise.Multiply),
        ("add", Elementwise.Add),
        ("apply silu", Elementwise.Apply<Silu>),
        ("rotate", Elementwise.Rotate),
        ("gather", Elementwise.Gather),
        ("attention", Attention.Run),
        ("log-sum-exp", LogSumExp.Reduce),
        ("cap logits", LogSumExp.Cap),
        ("pick targets", LogSumExp.Pick),
        ("update, fp16, normal, sgd", Update.Run<F16Format, NormalDirection, SgdRule>),
        (
            "update, bf16, sign, momentum",
            Update.Run<BF16Format, SignDirection, LawRule<MomentumLaw<float, DeviceMath>, StateNumbers, NoNumbers>>),
        (
            "update, fp32, normal, adam",
            Update.Run<F32Format, NormalDirection, LawRule<AdamLaw<float, DeviceMath>, StateNumbers, StateNumbers>>),
        ("read peak", Peaks.Read),
        ("multiply-add peak", Peaks.MultiplyAdd),
        ("tensor multiply-add peak", Peaks.TensorMultiplyAdd),
        ("noise peak, normal", Peaks.Noise<NormalDirection>),
        ("update, fp16, rank one, momentum",
            Update.Run<
                F16Format, Changed<NormalDirection, RankOneLaw<float, DeviceMath>, ColumnNumbers>,
                LawRule<MomentumLaw<float, DeviceMath>, StateNumbers, NoNumbers>>),
        ("update, fp16, low rank, sgd", Update.Run<F16Format, LowRank<FreshLeft>, SgdRule>),
        ("update, fp16, kept low rank, sgd", Update.Run<F16Format, LowRank<KeptLeft>, SgdRule>),
        (
            "update, fp16, sum, average",
            Update.Run<F16Format, Sum<NormalDirection>, LawRule<AverageLaw<float, DeviceMath>, StateNumbers, NoNumbers>>),
        (
            "update, fp16, normal, r-adazo",
            Update.Run<F16Format, NormalDirection, LawRule<RAdaZoLaw<float, DeviceMath>, StateNumbers, StateNumbers>>),
        (
            "update, fp16, normal, rescaling",
            Update.Run<F16Format, NormalDirection, LawRule<RescalingLaw<float, DeviceMath>, StoredNumbers<F16Format>, NoNumbers>>),
        ("update, fp16, normal, averaged "
            + "iterate", Update.Run<F16Format, Scaled, LawRule<AveragedIterateLaw<float, DeviceMath>, StateNumbers, NoNumbers>>),
        (
            "update, fp16, normal, diagonal",
            Update.Run<F16Format, NormalDirection, LawRule<DiagonalLaw<float, DeviceMath>, StateNumbers, NoNumbers>>),
        (
            "update, fp16, bernoulli, scores",
            Update.Run<F16Format, Bernoulli<NormalDirection>, LawRule<ScoreLaw<float, DeviceMath>, StateNumbers, NoNumbers>>),
        ("update, fp16, small weights, sgd", Update.Run<F16Format, Small, SgdRule>),
        ("sums of squares of rows, fp16, normal, in fp64", RowSum.Run<F16Format, NormalDirection, OwnFactor>),
        ("sums of squares of rows, fp16, travel, in fp64",
            RowSum.Run<
                F16Format, Changed<Move<SgdRule, Sum<NormalDirection>>, TravelLaw<float, DeviceMath>, StoredNumbers<F16Format>>,
                OwnFactor>),
        ("products of rows with a vector, fp16, normal, in fp64", RowSum.Run<F16Format, NormalDirection, VectorFactor>),
        ("sums of columns, fp16, normal, weights in fp64", ColumnSum.Run<F16Format, NormalDirection>),
        ("sums of columns, fp16, small weights, weights in fp64", ColumnSum.Run<F16Format, Small>),
        ("sums of columns, shares", ColumnSum.Add),
    ];

    /// <summary>What a launch of a kernel says about registers.</summary>
    public static KernelSpecialization Limits(Delegate kernel)
    {
        var type = kernel.Method.DeclaringType;
        if (type == typeof(OperandProduct))
        {
            return new KernelSpecialization(OperandProduct.Threads, OperandProduct.GroupsPerMultiprocessor);
        }

        bool isSplit = kernel.Method.GetGenericArguments().Contains(typeof(SplitOperands));
        return type != typeof(TensorLinear)
            ? KernelSpecialization.Empty
            : isSplit ? LimitsOf<SplitOperands>() : LimitsOf<HalfOperands>();
    }

    private static KernelSpecialization LimitsOf<TOperands>()
        where TOperands : struct, IOperandFormat => new(TileShape<TOperands>.Threads, TileShape<TOperands>.GroupsPerMultiprocessor);
}
