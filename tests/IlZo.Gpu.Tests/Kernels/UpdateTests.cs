using IlZo.Arithmetic;
using IlZo.Backends.Cpu;
using IlZo.Gpu.SelfTest;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu.Tests.Kernels;

public class UpdateTests
{
    private static readonly NoiseKey s_rounding = new(4, NoiseStream.StochasticRounding, 1, 0);

    [Fact]
    public void A_rate_of_zero_and_a_direction_that_does_not_cover_a_tensor_change_no_byte_of_it()
    {
        using var set = Weights(DType.F16);
        string before = set.Sha256();
        using var device = new TestDevice();
        using var rule = new Sgd();
        device.Backend.Load(set);
        device.Backend.Update(set.All, new GradientEstimate([(2, Gaussian(1, 0))]), rule, 0, s_rounding);
        var nothing = new ScaledDirection(Gaussian(1, 0), [.. set.All.Select(_ => 0f)]);
        device.Backend.Update(set.All, new GradientEstimate([(2, nothing)]), rule, 1, s_rounding);
        device.Backend.Store(set);
        Assert.Equal(before, set.Sha256());
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.BF16)]
    public void Norms_and_biases_keep_their_bits_where_others_decay(DType type)
    {
        using var ours = Weights(type);
        using var theirs = Weights(type);
        using var device = new TestDevice();
        using var cpu = new CpuBackend(1);
        using var rule = new Sgd(0.5);
        var estimate = new GradientEstimate([(0.0, Gaussian(1, 0))]);
        device.Backend.Load(ours);
        device.Backend.Update(ours.All, estimate, rule, 0.125, s_rounding);
        device.Backend.Store(ours);
        cpu.Update(theirs.All, estimate, rule, 0.125, s_rounding);
        using var start = Weights(type);
        Assert.Equal(theirs.Sha256(), ours.Sha256());
        Assert.Equal(
            ["b.bias", "d.weight"], ours.All.Where(p => Bytes(p).SequenceEqual(Bytes(start[p.Name]))).Select(p => p.Name));

        static unsafe ReadOnlySpan<byte> Bytes(Parameter p) => new(p.Data, (int)p.ByteCount);
    }

    [Theory]
    [InlineData(DType.F32)]
    [InlineData(DType.F16)]
    public void A_rule_and_a_direction_of_ones_own_give_the_bits_of_the_processor(DType type)
    {
        using var ours = Weights(type);
        using var theirs = Weights(type);
        using var device = new TestDevice();
        using var cpu = new CpuBackend(1);
        using var onDevice = new OwnRule(ours.All);
        using var onHost = new OwnRule(theirs.All);
        device.Backend.Load(ours);
        for (uint step = 1; step <= 2; step++)
        {
            var estimate = new GradientEstimate([(0.5, new OwnChange(Gaussian(step, 0), 3)), (-2, new OwnChange(Gaussian(step, 1), 3))]);
            device.Backend.Update(ours.All, estimate, onDevice, 0.01, s_rounding);
            cpu.Update(theirs.All, estimate, onHost, 0.01, s_rounding);
        }

        device.Backend.Store(ours);
        using var start = Weights(type);
        Assert.NotEqual(start.Sha256(), theirs.Sha256());
        Assert.Equal(theirs.Sha256(), ours.Sha256());
    }

    [Fact]
    public void Directions_and_sums_without_a_kernel_are_refused_by_name()
    {
        using var set = Weights(DType.F32);
        using var device = new TestDevice();
        device.Backend.Load(set);
        using var sgd = new Sgd();
        Assert.Contains("OwnDirection", Refusal(sgd, new OwnDirection()), StringComparison.Ordinal);
        Assert.Contains("GaussianDirection", Refusal(sgd, new RademacherDirection(s_rounding), Gaussian(1, 0)), StringComparison.Ordinal);
        Assert.Contains(
            "2 SumDirection",
            Refusal(sgd, new SumDirection([(1, Gaussian(1, 0))]), new SumDirection([(1, Gaussian(1, 1))])),
            StringComparison.Ordinal);
        Assert.Contains(
            "differ in the law",
            Refusal(sgd, new OwnChange(Gaussian(1, 0), 1), new OwnChange(Gaussian(1, 1), 2)),
            StringComparison.Ordinal);
        Assert.Contains("differ in the numbers", Refusal(sgd, RankOne(), RankOne()), StringComparison.Ordinal);

        RankOneDirection RankOne() => new(
            Gaussian(1, 0), [.. set.All.Select(p => new float[p.Columns])], [.. set.All.Select(_ => 1.0)],
            [.. set.All.Select(p => new BlockProducts([1], [], p.Rows))]);
        string Refusal(UpdateRule with, params IReadOnlyList<Direction> along) => Assert.Throws<InvalidInputException>(
            () => device.Backend.Update(set.All, new GradientEstimate([.. along.Select(d => (1.0, d))]), with, 1e-3, s_rounding)).Message;
    }

    private static GaussianDirection Gaussian(uint step, uint query) => new(new NoiseKey(1, NoiseStream.Direction, step, query));

    private static ParameterSet Weights(DType type) =>
        RandomWeights.Create(
            type,
            ("a.weight", [7, 130], default),
            ("b.bias", [101], new TensorRole(ModelPart.MlpUp, TensorKind.Bias)),
            ("c.weight", [3, 64], default),
            ("d.weight", [1, 1], new TensorRole(ModelPart.Norm)));

    private sealed class OwnRule(IReadOnlyList<Parameter> parameters) : UpdateRule(0.25)
    {
        private readonly ParameterState _kept = new(parameters);

        public override void Accept<T, TMath, TVisitor>(Parameter parameter, StepLaw<T, TMath> step, ref TVisitor visitor) =>
            visitor.Visit(new OwnLaw<T, TMath>(step), second: ElementNumbers.Of(_kept));

        protected override void Dispose(bool disposing) => _kept.Dispose();
    }

    // m ← max(m, |ĝ|), θ ← kθ − ηĝ/(m + 1), where m is the second number and there is no first.
    public readonly struct OwnLaw<T, TMath>(StepLaw<T, TMath> step) : IUpdateLaw<T>
        where T : struct
        where TMath : struct, IArithmetic<T>
    {
        private readonly StepLaw<T, TMath> _step = step;

        public UpdatedElement<T> Apply(UpdatedElement<T> element)
        {
            element.Second = TMath.Max(element.Second, TMath.Abs(element.Gradient));
            element.Weight = _step.Move(element.Weight, TMath.Divide(element.Gradient, TMath.Add(element.Second, TMath.Broadcast(1))));
            return element;
        }
    }

    private sealed class OwnChange(Direction inner, float power) : ChangedDirection(inner)
    {
        public override void Accept<T, TMath, TVisitor>(ref TVisitor visitor) => visitor.Visit(new OwnChangeLaw<T, TMath>(power));
    }

    // δ = z (c − |θ|).
    public readonly record struct OwnChangeLaw<T, TMath> : IDirectionLaw<T>
        where T : struct
        where TMath : struct, IArithmetic<T>
    {
        private readonly float _power;

        public OwnChangeLaw(float power) => _power = power;

        public static bool ReadsWeight => true;

        public static bool HasFactor => false;

        public T Apply(T inner, T weight, T number, T factor) =>
            TMath.Multiply(inner, TMath.Subtract(TMath.Broadcast(_power), TMath.Abs(weight)));
    }

    private sealed class OwnDirection : Direction
    {
        public override void Fill(Parameter parameter, int row, int column, Span<float> destination) => destination.Clear();
    }
}
