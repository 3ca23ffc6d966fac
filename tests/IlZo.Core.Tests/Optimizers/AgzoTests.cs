using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;
using Xunit;

namespace IlZo.Core.Tests.Optimizers;

/// <summary>Directions along layers' inputs: where they lie, what their estimates are worth, and what a record has of them.</summary>
public sealed class AgzoTests : IDisposable
{
    private const int Outputs = 4;
    private const int Inputs = 6;
    private const int Samples = 20_000;

    // [out, in], [in, out] and a vector.
    private readonly TestSpace _space = new([Outputs, Inputs], [Inputs, Outputs], [3]);
    private readonly double[] _g = [.. Enumerable.Range(0, (2 * Outputs * Inputs) + 3).Select(i => Math.Cos(2 * i))];

    public void Dispose() => _space.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Directions_lie_in_the_span_of_the_basis_on_the_side_of_the_inputs(int rank)
    {
        using var optimizer = Make(_space, $"rank={rank},interval=3");
        for (int step = 1; step <= 5; step++)
        {
            Step(optimizer, _space, step, 0);
            float[] direction = _space.Fill(optimizer.Bases!.Direction(step, 0));
            for (int tensor = 0; tensor < 2; tensor++)
            {
                float[] basis = optimizer.Bases.Of(_space.Parameters.All[tensor])!;
                GramSchmidtTests.RequireOrthonormal(basis, Inputs);
                Assert.Equal(rank * Inputs, basis.Length);
                double[] elements = Part(direction, tensor);
                double[] projected = Projected(elements, basis, isTransposed: tensor == 1);
                for (int i = 0; i < elements.Length; i++)
                {
                    Near.Equal(elements[i], projected[i], 1e-5);
                }
            }
        }

        // R is fresh, and another one in each query.
        Assert.NotEqual(_space.Fill(optimizer.Bases!.Direction(4, 0)), _space.Fill(optimizer.Bases.Direction(5, 0)));
        Assert.NotEqual(_space.Fill(optimizer.Bases.Direction(5, 0)), _space.Fill(optimizer.Bases.Direction(5, 1)));
    }

    // G A Aᵀ, or A Aᵀ G; of a vector the gradient.
    [Fact]
    public void The_mean_of_the_estimate_is_the_gradient_in_the_span_of_the_basis()
    {
        using var optimizer = Make(_space, "rank=2,interval=1000000");
        Step(optimizer, _space, 1, 0);
        double[] expected = [.. Enumerable.Range(0, 2).SelectMany(
            t => Projected(Part(_g, t), optimizer.Bases!.Of(_space.Parameters.All[t])!, isTransposed: t == 1)), .. _g[^3..]];
        double[] mean = new double[_space.Count];
        double[] second = new double[_space.Count];
        for (int step = 2; step < 2 + Samples; step++)
        {
            double[] estimate = Estimate(optimizer, _space, step);
            for (int i = 0; i < mean.Length; i++)
            {
                mean[i] += estimate[i] / Samples;
                second[i] += estimate[i] * estimate[i] / Samples;
            }
        }

        for (int i = 0; i < mean.Length; i++)
        {
            Near.Equal(expected[i], mean[i], 5 * Math.Sqrt((second[i] - (mean[i] * mean[i])) / Samples));
        }
    }

    // E‖ĝ‖² = (mr + 2)‖GA‖², with all of G where A spans its rows: then a pass is worth (mn + 2)/(mr + 2) times one of mezo's.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void With_inputs_of_no_more_than_the_rank_the_gradient_is_whole_and_its_estimate_has_less_variance(int rank)
    {
        using var space = new TestSpace([Outputs, Inputs]);
        var inputs = SyntheticInputs.Normal(7, rank, Inputs);
        var rows = SymmetricMatrix.Eigenvectors(inputs.Square())[..rank];

        // dYᵀH: any combination of the rows of H.
        double[] g = new double[Outputs * Inputs];
        for (int i = 0; i < g.Length; i++)
        {
            g[i] = rows.Select((row, k) => Math.Sin(1 + (i / Inputs) + (3 * k)) * row.Vector[i % Inputs]).Sum();
        }

        using var optimizer = Make(space, $"rank={rank},interval=1000000");
        var losses = new LossesWithInputs(
            space.Oracle(x => x.Zip(g, (a, b) => a * b).Sum()),
            observer => observer.Multiplied(space.Parameters.All[0], WeightLayout.OutIn, inputs));
        optimizer.Apply(optimizer.Decide(1, losses, 0), space.Backend);
        double norm = g.Sum(v => v * v);
        double[] projected = Projected(g, optimizer.Bases!.Of(space.Parameters.All[0])!, isTransposed: false);
        Assert.InRange(projected.Sum(v => v * v) / norm, 1 - (rank * Inputs / (254.0 * 254)), 1 + 1e-6);
        double[] squares = new double[Samples];
        double along = 0;
        for (int step = 2; step < 2 + Samples; step++)
        {
            double[] estimate = Estimate(optimizer, space, step, losses);
            squares[step - 2] = estimate.Sum(v => v * v);
            along += estimate.Zip(g, (a, b) => a * b).Sum() / Samples;
        }

        double mean = squares.Average();
        double error = Math.Sqrt(squares.Sum(s => (s - mean) * (s - mean))) / Samples;
        Near.Equal(((Outputs * rank) + 2) * projected.Sum(v => v * v), mean, 5 * error);

        // The gain, (E[ĝ]ᵀg)²/(E‖ĝ‖²‖g‖²), beside that of mezo.
        double gain = along * along / (mean * norm) * ((Outputs * Inputs) + 2);
        Near.Equal(((Outputs * Inputs) + 2.0) / ((Outputs * rank) + 2), gain, 0.05 * gain);
    }

    [Fact]
    public void A_record_has_the_mean_of_one_sided_differences_and_bases_only_in_the_steps_that_look_for_them()
    {
        var settings = Settings(_space, "rank=2,interval=3") with { Queries = 2, ClipAt = 1e-3 };
        using var optimizer = (Agzo)OptimizerCatalog.Find("agzo").Create(settings);
        using var unlimited = (Agzo)OptimizerCatalog.Find("agzo").Create(settings with { ClipAt = null });
        var losses = Losses(_space);
        int whole = 2 + 3 + (((2 * 2 * Inputs) + 5) / 6);
        for (int step = 1; step <= 7; step++)
        {
            var record = unlimited.Decide(step, losses, 0.1);
            Assert.Equal((step - 1) % 3 == 0 ? whole : 2, record.Coefficients.Length);
            Assert.Equal(3, record.Losses.Length);
            for (int q = 0; q < 2; q++)
            {
                double difference = (record.Losses[q + 1] - record.Losses[0]) / 1e-3 / 2;
                Near.Equal(difference, record.Coefficients[q], 1e-9 * Math.Abs(difference));
            }

            Near.Equal(record.Coefficients[..2].Sum(), unlimited.ProjectedGradient(record), 1e-12);

            // A limit is that of differences, not of what the record has of bases.
            var limited = optimizer.Decide(step, losses, 0.1);
            Assert.All(limited.Coefficients[..2], c => Assert.InRange(c, -1e-3, 1e-3));
            Assert.Equal(record.Coefficients[2..], limited.Coefficients[2..]);
            unlimited.Apply(record, _space.Backend);
            optimizer.Apply(record, _space.Backend);
        }
    }

    [Fact]
    public void A_step_that_is_skipped_leaves_the_bases_and_the_next_one_looks_for_new_ones()
    {
        using var optimizer = Make(_space, "interval=3");
        var bad = new LossesWithInputs(_space.Oracle(_ => double.NaN), o => SyntheticInputs.Show(_space.Parameters, o));
        var good = Losses(_space);
        foreach (int step in (int[])[1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
        {
            bool skips = step is 1 or 2 or 6 or 8;
            var before = optimizer.Bases;
            var record = optimizer.Decide(step, skips ? bad : good, 0.1);
            optimizer.Apply(record, _space.Backend);
            Assert.Equal(skips, record.Skipped);
            Assert.Equal(skips, record.Coefficients.Length == 0);

            // Found in 3, due in 6, found in 7, due in 10.
            Assert.Equal(step is not (3 or 7 or 10), ReferenceEquals(before, optimizer.Bases));
        }

        Assert.Equal((3, 3), (good.Shown, bad.Shown));
    }

    [Theory]
    [InlineData(0, 1, "Step 1 has 1 coefficients; 4 or more were expected of this optimizer.")]
    [InlineData(-1, 0, "Step 1 has 5 coefficients; 6 were expected of this optimizer.")]
    [InlineData(1, 0, "Step 1 has 7 coefficients; 6 were expected of this optimizer.")]
    [InlineData(0, 0, "Step 1 has 5 as coefficient 1; a whole number from 0 to 2 was expected.", 1, 5.0)]
    [InlineData(0, 0, "Step 1 has 1.5 as coefficient 2; a whole number from 0 to 4 was expected.", 2, 1.5)]
    [InlineData(0, 0, "Step 1 has NaN as coefficient 2; a whole number from 0 to 4 was expected.", 2, double.NaN)]
    [InlineData(0, 0, "Step 1 has 2 as coefficient 3; a whole number from 0 to 0 was expected.", 3, 2.0)]
    [InlineData(0, 0, "Step 1 has -1 as coefficient 4; a whole number of six bytes from 0 to 254 was expected.", 4, -1.0)]
    [InlineData(0, 0, "Step 1 has 1E+300 as coefficient 5; a whole number of six bytes from 0 to 254 was expected.", 5, 1e300)]
    [InlineData(0, 0, "Step 1 has 255 as coefficient 5; a whole number of six bytes from 0 to 254 was expected.", 5, 255.0)]
    public void A_record_that_is_none_is_refused(int more, int only, string message, int index = -1, double value = 0)
    {
        using var optimizer = Make(_space, string.Empty);
        var record = optimizer.Decide(1, Losses(_space), 0.1);
        double[] coefficients = [.. record.Coefficients];
        Assert.Equal(6, coefficients.Length);
        Array.Resize(ref coefficients, only > 0 ? only : coefficients.Length + more);
        if (index >= 0)
        {
            coefficients[index] = value;
        }

        var hostile = record with { Coefficients = coefficients };
        Assert.Equal(message, Assert.Throws<InvalidInputException>(() => optimizer.Apply(hostile, _space.Backend)).Message);
        Assert.Null(optimizer.Bases);
        optimizer.Apply(record, _space.Backend);
        var next = optimizer.Decide(2, Losses(_space), 0.1);
        Assert.Equal(
            "Step 2 has 6 coefficients; 1 were expected of this optimizer.",
            Assert.Throws<InvalidInputException>(
                () => optimizer.Apply(next with { Coefficients = record.Coefficients }, _space.Backend)).Message);
    }

    [Fact]
    public void A_basis_of_another_length_is_refused()
    {
        using var space = new TestSpace([2, 7], [3, 5]);
        using var optimizer = Make(space, string.Empty);
        var record = new StepRecord { Step = 1, LearningRate = 1, Losses = [1, 1], Coefficients = [0.5, 1, 1, 0, 0] };
        Assert.Equal(
            "Step 1 has 1 as coefficient 2; a basis of 5 elements, which that is not, was expected.",
            Assert.Throws<InvalidInputException>(() => optimizer.Apply(record, space.Backend)).Message);
    }

    [Fact]
    public void Losses_without_layers_are_refused()
    {
        using var optimizer = Make(_space, string.Empty);
        Assert.Equal(
            "The method takes inputs of layers, and these losses have none; a method of losses alone was expected.",
            Assert.Throws<InvalidInputException>(() => optimizer.Decide(1, _space.Oracle(x => x[0]), 0.1)).Message);
    }

    [Theory]
    [InlineData(EngineName.Cuda, PrecisionName.SplitBFloat16)]
    [InlineData(EngineName.Amx, PrecisionName.SplitBFloat16)]
    public void Other_engines_and_objectives_are_refused(string engine, string precision)
    {
        var options = new TrainingOptions { Optimizer = "agzo" };
        Assert.Equal(
            $"agzo takes inputs of layers, which {engine} in {precision} does not show; Device cpu with Engine managed was expected.",
            Assert.Throws<InvalidInputException>(() => options.With(new Engine(engine, precision))).Message);
        Assert.Equal(
            "Objective is accuracy, which has no derivatives; loss was expected for agzo.",
            Assert.Throws<InvalidInputException>((options with { Objective = "accuracy" }).Validate).Message);
    }

    // A tied output embedding is a table too. Queries, keys and values have the same inputs, and so have a gate and what it gates.
    [Theory]
    [InlineData("opt-tiny", null, "fc1, fc2, self_attn.k_proj+self_attn.q_proj+self_attn.v_proj, self_attn.out_proj")]
    [InlineData("gpt2-tiny", null, "attn.c_attn, attn.c_proj, mlp.c_fc, mlp.c_proj")]
    [InlineData(
        "llama-gqa", null,
        "mlp.down_proj, mlp.gate_proj+mlp.up_proj, self_attn.k_proj+self_attn.q_proj+self_attn.v_proj, self_attn.o_proj")]
    [InlineData(
        "llama-gqa", "lora",
        "self_attn.q_proj.lora_A+self_attn.v_proj.lora_A, self_attn.q_proj.lora_B, self_attn.v_proj.lora_B")]
    [InlineData("llama-gqa", "prefix", "")]
    [InlineData(
        "bert-classes", null,
        "attention.output.dense, attention.self.key+attention.self.query+attention.self.value, intermediate.dense, output.dense, "
            + "bert.pooler.dense, classifier")]
    public void Layers_of_a_model_have_bases_and_what_is_no_layer_has_none(string name, string? adapter, string layer)
    {
        using var model = TrainableModel.Load(
            new TrainingOptions { Model = TestData.Path("fixtures", "forward", name), Adapter = adapter, Task = "sst2" });
        using var backend = new CpuBackend(2);
        backend.Load(model.Parameters);
        var search = new InputBasisSearch(new OptimizerSettings(model.Parameters), 1, 3, 1);
        var pass = backend.BeginObserved(ForwardFixture.Batch([1, 2, 3, 4, 5]), search);
        pass.LogProbabilities(model.Forward(pass), model.Head, [(0, 1)]);
        double[] packed = search.Pack();
        var groups = model.Parameters.Trained.Where(p => packed[p.Index] > 0).GroupBy(p => (int)(packed[p.Index] - 1) / 2, NameOf);
        Assert.Equal(layer, string.Join(", ", groups.Where(g => !IsLater(g.First())).Select(g => string.Join("+", g))));
        Assert.All(
            model.Parameters.Trained.Where(p => packed[p.Index] > 0),
            p => Assert.Equal(name == "gpt2-tiny" ? 0 : 1, (int)packed[p.Index] % 2));

        static bool IsLater(string name) => name.Split('.').Any(part => part is "1" or "2");

        static string NameOf(Parameter p) => p.Name.Replace(".weight", string.Empty, StringComparison.Ordinal).Split(".0.")[^1];
    }

    private static OptimizerSettings Settings(TestSpace space, string opt) =>
        new(space.Parameters) { Seed = 5, Sides = 1, Options = MethodOptions.Parse(opt) };

    private static Agzo Make(TestSpace space, string opt) => (Agzo)OptimizerCatalog.Find("agzo").Create(Settings(space, opt));

    private LossesWithInputs Losses(TestSpace space) => new(
        space.Oracle(x => x.Zip(_g, (a, b) => a * b).Sum()), observer => SyntheticInputs.Show(space.Parameters, observer));

    private void Step(Agzo optimizer, TestSpace space, long step, double rate) =>
        optimizer.Apply(optimizer.Decide(step, Losses(space), rate), space.Backend);

    private double[] Estimate(Agzo optimizer, TestSpace space, long step, ILossOracle? losses = null)
    {
        double coefficient = optimizer.Decide(step, losses ?? Losses(space), 0).Coefficients[0];
        return [.. space.Fill(optimizer.Bases!.Direction(step, 0)).Select(d => coefficient * d)];
    }

    private static double[] Part<T>(T[] all, int tensor)
        where T : struct, IConvertible =>
        [.. all.Skip(tensor * Outputs * Inputs).Take(Outputs * Inputs).Select(v => v.ToDouble(null))];

    // M A Aᵀ, or A Aᵀ M.
    private static double[] Projected(double[] matrix, float[] basis, bool isTransposed)
    {
        double[] projected = new double[matrix.Length];
        for (int start = 0; start < basis.Length; start += Inputs)
        {
            for (int output = 0; output < Outputs; output++)
            {
                int At(int input) => isTransposed ? (input * Outputs) + output : (output * Inputs) + input;
                double dot = Enumerable.Range(0, Inputs).Sum(i => matrix[At(i)] * basis[start + i]);
                for (int i = 0; i < Inputs; i++)
                {
                    projected[At(i)] += dot * basis[start + i];
                }
            }
        }

        return projected;
    }
}
