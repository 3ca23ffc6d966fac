using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Training;
using IlZo.Updates;

namespace IlZo.Gpu.Tests;

/// <summary>Every method of the catalog, on a device and on the processor.</summary>
public class MethodTests
{
    private const int Steps = 3;

    // Options and formats beside the standard ones: those that take other kernels.
    private static readonly (string Method, string Options, string Folder, DirectionKind? Directions, int? Queries)[] s_variants =
    [
        ("mezo", "", "opt-tiny-bf16", DirectionKind.Sphere, null),
        ("dizo", "interval=2,inner=2", "opt-tiny", null, null),
        ("dizo", "interval=1,inner=1,ratio=true", "opt-tiny-fp16", null, null),
        ("dizo", "interval=1,inner=1,source=true", "opt-tiny-bf16", null, null),
        ("loren", "source=false,init=fan,lr_a=1", "opt-tiny-fp16", null, null),
        ("loren", "source=false", "opt-tiny", null, null),
        ("kerzoo", "source=true,norm=0.5", "opt-tiny-bf16", null, null),
        ("kerzoo", "source=true", "opt-tiny", DirectionKind.Sphere, null),
        ("curvzo", "blocks=element", "opt-tiny-fp16", null, null),
        ("hizoo", "alpha=0.01", "opt-tiny-fp16", null, null),
        ("mezo-svrg", "interval=3", "opt-tiny-fp16", null, null),
        ("sparse-mezo", "", "opt-tiny-bf16", DirectionKind.Rademacher, 2),
        ("lozo", "rank=19,divide=true,interval=2", "opt-tiny-fp16", null, null),
        ("lozo-m", "rank=3,interval=2", "opt-tiny-bf16", null, 2),
        ("subzero", "rank=5,interval=2", "opt-tiny-bf16", null, 2),
        ("tezo", "rank=3", "opt-tiny-fp16", null, 2),
        ("tezo-m", "rank=19", "opt-tiny-bf16", null, 2),
        ("zo-muon", "rank=5,interval=2,exact=true", "opt-tiny-bf16", null, 2),
        ("zo-conservative", "", "opt-tiny-fp16", DirectionKind.Sphere, 2),
        ("r-adazo", "", "opt-tiny-fp16", null, null),
    ];

    public static TheoryData<string, string, string, DirectionKind?, int?> Cases
    {
        get
        {
            var data = new TheoryData<string, string, string, DirectionKind?, int?>();
            foreach (var method in OptimizerCatalog.OfLosses)
            {
                data.Add(method.Name, string.Empty, "opt-tiny", null, null);
            }

            foreach (var (method, options, folder, directions, queries) in LongTests.Of(s_variants, v => v.Options.Length == 0))
            {
                data.Add(method, options, folder, directions, queries);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Losses_are_those_of_the_processor_and_a_replay_there_gives_the_weights_bit_for_bit(
        string method, string options, string folder, DirectionKind? directions, int? queries)
    {
        using var ours = new ForwardFixture(folder, threads: 1);
        using var theirs = new ForwardFixture(folder, threads: 1);
        using var replayed = new ForwardFixture(folder, threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(ours.Model.Parameters);
        int[] ids = ours.Inputs[3].Ids;
        var records = Train(ours.Model, device.Backend, ids, method, options, directions, queries);
        var expected = Train(theirs.Model, theirs.Backend, ids, method, options, directions, queries);
        Near.Equal(Losses(expected), Losses(records), 2e-3);
        using (var optimizer = Create(replayed.Model, method, options, directions, queries))
        {
            records.ForEach(r => optimizer.Apply(r, replayed.Backend));
        }

        device.Backend.Store(ours.Model.Parameters);
        Assert.Equal(replayed.Model.Parameters.Sha256(), ours.Model.Parameters.Sha256());
        using var untrained = new ForwardFixture(folder, threads: 1);
        Assert.NotEqual(untrained.Model.Parameters.Sha256(), ours.Model.Parameters.Sha256());
    }

    // Enough steps for everything that happens at intervals; losses are made up, so that no forwards are needed.
    [Theory]
    [InlineData("mezo", "", 4)]
    [InlineData("curvzo", "", 21)]
    [InlineData("curvzo", "blocks=element", 21)]
    [InlineData("lozo-m", "interval=2", 5)]
    [InlineData("subzero", "interval=2", 5)]
    [InlineData("tezo-m", "", 4)]
    public void Weights_after_many_steps_are_those_of_the_processor_bit_for_bit(string method, string options, int steps)
    {
        using var ours = new ForwardFixture("opt-tiny-bf16", threads: 1);
        using var theirs = new ForwardFixture("opt-tiny-bf16", threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(ours.Model.Parameters);
        using var ourOptimizer = Create(ours.Model, method, options);
        using var theirOptimizer = Create(theirs.Model, method, options);
        for (long step = 1; step <= steps; step++)
        {
            var record = new StepRecord { Step = step, LearningRate = 1e-3, Losses = [1, 2], Coefficients = [Math.Sin(step)] };
            ourOptimizer.Apply(record, device.Backend);
            theirOptimizer.Apply(record, theirs.Backend);
        }

        device.Backend.Store(ours.Model.Parameters);
        Assert.Equal(theirs.Model.Parameters.Sha256(), ours.Model.Parameters.Sha256());
        Assert.Equal(theirOptimizer.Diagnostics(steps + 1), ourOptimizer.Diagnostics(steps + 1));
    }

    // Inputs of layers along columns, and along rows, where several queries would be a sum of directions that differ in both factors.
    [Theory]
    [InlineData("opt-tiny-bf16", 2)]
    [InlineData("gpt2-tiny", 1)]
    public void A_record_of_what_only_the_processor_shows_is_replayed_bit_for_bit(string folder, int queries)
    {
        using var ours = new ForwardFixture(folder, threads: 1);
        using var theirs = new ForwardFixture(folder, threads: 1);
        using var device = new TestDevice();
        device.Backend.Load(ours.Model.Parameters);
        int[] ids = ours.Inputs[0].Ids;
        var records = Train(theirs.Model, theirs.Backend, ids, "agzo", "rank=3,interval=2", null, queries);
        using var optimizer = Create(ours.Model, "agzo", "rank=3,interval=2", null, queries);
        string message = Assert.Throws<InvalidInputException>(
            () => optimizer.Decide(1, new TextOracle(ours.Model, device.Backend, ids), 1e-4)).Message;
        Assert.StartsWith("Inputs of layers are asked for, which cuda in ", message, StringComparison.Ordinal);
        Assert.EndsWith(" does not show; Device cpu with Engine managed was expected.", message, StringComparison.Ordinal);
        records.ForEach(r => optimizer.Apply(r, device.Backend));
        device.Backend.Store(ours.Model.Parameters);
        Assert.Equal(theirs.Model.Parameters.Sha256(), ours.Model.Parameters.Sha256());
    }

    internal static Optimizer Create(
        LanguageModel model, string method, string options = "", DirectionKind? directions = null, int? queries = null)
    {
        var found = OptimizerCatalog.Find(method);
        return found.Create(new OptimizerSettings(model.Parameters)
        {
            Seed = 5,
            Epsilon = 1e-3,
            Queries = queries ?? found.Queries,
            Sides = found.Sides[0],
            Directions = directions ?? found.Directions[0],
            WeightDecay = 0.01,
            Options = MethodOptions.Parse(options),
            OpenBase = () => BaseWeights.Open(ModelLoader.Open(model.Checkpoint.DisplayName), model),
        });
    }

    private static List<StepRecord> Train(
        LanguageModel model, IBackend backend, int[] ids, string method, string options, DirectionKind? directions, int? queries)
    {
        var oracle = new TextOracle(model, backend, ids);
        using var optimizer = Create(model, method, options, directions, queries);
        var records = new List<StepRecord>();
        for (long step = 1; step <= Steps; step++)
        {
            records.Add(optimizer.Decide(step, oracle, 1e-4));
            optimizer.Apply(records[^1], backend);
        }

        return records;
    }

    private static float[] Losses(IEnumerable<StepRecord> records) => [.. records.SelectMany(r => r.Losses).Select(l => (float)l)];
}
