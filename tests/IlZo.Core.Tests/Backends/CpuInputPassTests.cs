using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Core.Tests.Models;
using IlZo.Core.Tests.Optimizers;
using IlZo.Noise;
using IlZo.Perturbations;
using IlZo.Tensors;
using Xunit;

namespace IlZo.Core.Tests.Backends;

/// <summary>What a pass shows of the inputs of layers.</summary>
public sealed class CpuInputPassTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 5)]
    [InlineData(31, 64)]
    [InlineData(32, 65)]
    [InlineData(33, 200)]
    [InlineData(97, 130)]
    public void The_square_of_inputs_is_that_of_their_numbers_with_the_same_bits_for_any_threads(int tokens, int features)
    {
        using var space = Space(tokens, features);
        float[] vectors = new float[2 * features];
        NoiseField.FillNormal(new NoiseKey(8, NoiseStream.Direction, 1, 0), 9, 0, vectors);
        float[] products = Products(space, tokens, features, vectors, threads: 1);
        for (int threads = 2; threads <= 5; threads++)
        {
            Assert.Equal(products, Products(space, tokens, features, vectors, threads));
        }

        double[] h = [.. space.Weights[..(tokens * features)].ToArray().Select(v => (double)v)];
        for (int k = 0; k < 2; k++)
        {
            double[] expected = new double[features];
            for (int t = 0; t < tokens; t++)
            {
                double dot = Enumerable.Range(0, features).Sum(f => h[(t * features) + f] * vectors[(k * features) + f]);
                for (int f = 0; f < features; f++)
                {
                    expected[f] += h[(t * features) + f] * dot;
                }
            }

            double norm = Math.Sqrt(expected.Sum(v => v * v));
            for (int f = 0; f < features; f++)
            {
                Near.Equal(expected[f], products[(k * features) + f], 2e-6 * norm);
            }
        }
    }

    [Fact]
    public void Inputs_are_the_same_object_until_they_are_written()
    {
        using var space = Space(5, 8);
        using var backend = new CpuBackend(1);
        var seen = new List<(Parameter, LayerInputs)>();
        var tables = new List<Parameter>();
        var (table, weight) = (space.Parameters.All[0], space.Parameters.All[1]);
        var pass = backend.BeginObserved(ForwardFixture.Batch([0, 1, 2, 3, 4]), new Observer((p, i) => seen.Add((p, i)), tables.Add));
        var x = pass.Rent(8);
        var y = pass.Rent(3);
        pass.Embed(table, [0, 1, 2, 3, 4], x);
        pass.Linear(x, weight, null, y);
        pass.Linear(x, weight, null, y, accumulate: true);
        var slice = pass.Slice(x, 0, 8);
        pass.Linear(slice, weight, null, y);
        pass.Scale(slice, 2);
        pass.Linear(x, weight, null, y);
        pass.Return(x);
        x = pass.Rent(8);
        pass.Embed(table, [4, 3, 2, 1, 0], x);
        pass.Linear(x, weight, null, y);
        Assert.Equal([table, table], tables);
        Assert.All(seen, s => Assert.Same(weight, s.Item1));
        Assert.Same(seen[0].Item2, seen[1].Item2);
        Assert.Same(seen[0].Item2, seen[2].Item2);
        Assert.Equal(3, seen.Select(s => s.Item2).Distinct().Count());
        Assert.Equal(
            "The inputs of a layer were written since; they were expected to be used at once.",
            Assert.Throws<InvalidOperationException>(() => seen[0].Item2.MultiplySquare(new float[8], new float[8])).Message);
        backend.Begin(ForwardFixture.Batch([0]), [Probe.Unperturbed]);
        Assert.Throws<InvalidOperationException>(() => seen[^1].Item2.MultiplySquare(new float[8], new float[8]));
    }

    [Fact]
    public void What_is_frozen_is_not_shown_and_operands_that_do_not_fit_are_refused_before()
    {
        using var space = Space(5, 8);
        using var backend = new CpuBackend(1);
        int seen = 0;
        space.Parameters.Train(_ => false);
        var pass = backend.BeginObserved(ForwardFixture.Batch([0, 1]), new Observer((_, _) => seen++, _ => seen++));
        var x = pass.Rent(8);
        pass.Embed(space.Parameters.All[0], [0, 1], x);
        pass.Linear(x, space.Parameters.All[1], null, pass.Rent(3));
        Assert.Equal(0, seen);
        space.Parameters.Train(_ => true);
        Assert.Throws<ArgumentException>(() => pass.Linear(pass.Rent(7), space.Parameters.All[1], null, pass.Rent(3)));
        Assert.Throws<ArgumentException>(
            () => pass.LogProbabilities(pass.Rent(7), new OutputHead(space.Parameters.All[1]), [(0, 1)]));
        Assert.Equal(0, seen);
    }

    [Theory]
    [InlineData("opt-tiny")]
    [InlineData("gpt2-tiny")]
    [InlineData("llama-gqa")]
    [InlineData("gemma2-tiny")]
    [InlineData("phi3-tiny")]
    [InlineData("bert-tiny")]
    public void A_pass_that_is_seen_has_the_bits_of_any_other(string model)
    {
        using var fixture = new ForwardFixture(model);
        var batch = ForwardFixture.Batch(fixture.Inputs[0].Ids);
        float[] square = [];
        double[] seen = Run(fixture.Backend.BeginObserved(batch, new Observer(
            (_, inputs) => inputs.MultiplySquare(new float[inputs.Features], square = new float[inputs.Features]), _ => { })));
        Assert.NotEmpty(square);
        Assert.Equal(Run(fixture.Backend.Begin(batch, [Probe.Unperturbed])), seen);

        double[] Run(IPass pass) => pass.LogProbabilities(fixture.Model.Forward(pass), fixture.Model.Head, [(0, 1), (0, 2)])[0];
    }

    private static TestSpace Space(int tokens, int features)
    {
        var space = new TestSpace([tokens, features], [3, features]);
        NoiseField.FillNormal(new NoiseKey(8, NoiseStream.Direction, 0, 0), 0, 0, space.Weights);
        return space;
    }

    private static float[] Products(TestSpace space, int tokens, int features, float[] vectors, int threads)
    {
        using var backend = new CpuBackend(threads);
        float[] products = new float[vectors.Length];
        int[] rows = [.. Enumerable.Range(0, tokens)];
        var pass = backend.BeginObserved(
            ForwardFixture.Batch(rows), new Observer((_, inputs) => inputs.MultiplySquare(vectors, products), _ => { }));
        var x = pass.Rent(features);
        pass.Embed(space.Parameters.All[0], rows, x);
        pass.Linear(x, space.Parameters.All[1], null, pass.Rent(3));
        return products;
    }

    private sealed class Observer(Action<Parameter, LayerInputs> multiplied, Action<Parameter> lookedUp) : IInputObserver
    {
        public void Multiplied(Parameter weight, WeightLayout layout, LayerInputs inputs) => multiplied(weight, inputs);

        public void LookedUp(Parameter table) => lookedUp(table);
    }
}
