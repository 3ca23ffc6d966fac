using IlZo.Adapters;
using IlZo.Backends;
using IlZo.Backends.Cpu;
using IlZo.Checkpoints;
using IlZo.Core.Tests.Backends;
using IlZo.Generation;
using IlZo.Models;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Training;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Use;

/// <summary>
/// After Dispose calls throw ObjectDisposedException, Dispose may be called again, and memory outlives the use in progress.
/// </summary>
public sealed class DisposalTests : IDisposable
{
    private const string Prompt = "Once upon a time";

    private readonly LanguageModel _model = ModelLoader.Load(TestData.Path("models", "stories260K"));
    private readonly CpuBackend _backend = new(2);

    public void Dispose()
    {
        _backend.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void A_backend_that_was_disposed_of_twice_refuses_every_call()
    {
        var batch = Batch();
        var pass = _backend.Begin(batch, [Probe.Unperturbed]);
        var x = _model.Forward(pass);
        var all = _model.Parameters;
        using var rule = new Sgd(0);
        using var state = new ParameterState(all.All);
        using var copy = new WeightCopy(all.All);
        var z = new GaussianDirection(new NoiseKey(1, NoiseStream.Direction, 1, 0));
        _backend.Dispose();
        _backend.Dispose();
        Action[] calls =
        [
            () => _backend.Load(all),
            () => _backend.Store(all),
            () => _backend.Store(state),
            () => _backend.Keep(copy),
            () => _backend.CreateCache(1, 1, 1),
            () => _backend.Begin(batch, [Probe.Unperturbed]),
            () => pass.Reserve(1, 1),
            () => pass.Rent(1),
            () => pass.Return(x),
            () => pass.Slice(x, 0, 1),
            () => pass.Embed(all.All[0], [0], x),
            () => pass.Linear(x, all.All[0], null, x),
            () => pass.LayerNorm(x, null, null, 1, x),
            () => pass.RmsNorm(x, all.All[0], 1, x),
            () => pass.Add(x, x),
            () => pass.Apply(default, x),
            () => pass.Multiply(x, x),
            () => pass.Scale(x, 1),
            () => pass.Rotate(x, 1, null!),
            () => pass.Attention(x, x, x, x, default, 0),
            () => pass.GatherOutputs(x),
            () => pass.LogProbabilities(x, _model.Head, []),
            () => pass.Logits(x, _model.Head, new float[_model.Head.Rows]),
            () => pass.Read(x, 0, new float[1]),
            () => _backend.Update(all.Trained, new GradientEstimate([]), rule, 1, default),
            () => _backend.Parallel(1, _ => { }),
            () => _backend.RowSquares(all.Trained, z),
            () => _backend.Multiply(all.Trained, z, [], weighted: true),
            () => _model.Forward(pass),
            () => Generator().Generate(Prompt, 3),
        ];
        Assert.All(calls, call => Assert.Throws<ObjectDisposedException>(call));
    }

    [Fact]
    public void A_model_that_was_disposed_of_twice_refuses_to_be_read_and_still_says_what_it_was()
    {
        var generator = Generator();
        var scorer = new TextScorer(_model, _backend);
        var weight = _model.Parameters.All[0];
        var tensor = _model.Checkpoint.Tensors.Values.First();
        _model.Dispose();
        _model.Dispose();
        using var folder = new TempFolder();
        Action[] calls =
        [
            () => generator.Generate([1, 2], 3),
            () => scorer.Score([1, 2]),
            () => _model.Save(folder.Path),
            () => _model.SaveTrained(folder.Path),
            () => _model.Parameters.Sha256(),
            () => _model.Parameters.Train(_ => true),
            () => _model.Parameters.Append([], []),
            () => _backend.Load(_model.Parameters),
            () => _model.Checkpoint.ReadFile("tokenizer.json"),
            () => ModelLoader.Tokenizer(_model.Checkpoint),
            () => _ = _model.Checkpoint.ConfigJson.ValueKind,
            () => Address(weight),
            () => Address(tensor),
        ];
        Assert.All(calls, call => Assert.Throws<ObjectDisposedException>(call));
        Assert.Equal(64, _model.Shape.Hidden);
        Assert.NotEqual(0, _model.Parameters.Count);
    }

    [Fact]
    public void A_model_keeps_its_weights_whatever_of_it_is_disposed_of()
    {
        var generator = Generator();
        string expected = generator.Generate(Prompt, 5).Text;
        foreach (var shard in _model.Checkpoint.Shards)
        {
            shard.File.Dispose();
        }

        _model.Checkpoint.Dispose();
        Assert.Equal(expected, generator.Generate(Prompt, 5).Text);
        Assert.Throws<ObjectDisposedException>(() => _model.Checkpoint.ReadFile("config.json"));
    }

    [Fact]
    public void An_adapter_that_is_part_of_a_model_keeps_its_factors_until_the_model_goes()
    {
        AdapterFactory.Attach(_model, new AdapterOptions("lora"), _backend);
        var generator = Generator();
        string expected = generator.Generate(Prompt, 5).Text;
        var factor = _model.Adapter!.Parameters[0];
        _model.Adapter.Dispose();
        _model.Adapter.Dispose();
        Assert.Equal(expected, generator.Generate(Prompt, 5).Text);
        _model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Address(factor));
    }

    [Fact]
    public void What_holds_memory_refuses_to_be_read_after_its_disposal()
    {
        var weight = _model.Parameters.All[0];
        var state = new ParameterState([weight]);
        state.Dispose();
        state.Dispose();
        Assert.Throws<ObjectDisposedException>(() => state.At(new WeightSlice(weight, 0, 0), 1)[0]);
        var cache = _backend.CreateCache(1, 1, 1);
        cache.Dispose();
        cache.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cache.Read(0, new float[1], new float[1]));
        Assert.Throws<ObjectDisposedException>(() => _backend.Begin(new TokenBatchBuilder().WithText([1]), [Probe.Unperturbed], cache));
        var start = BaseWeights.Of(new Dictionary<Parameter, float[]> { [weight] = new float[weight.Count] });
        start.Dispose();
        start.Dispose();
        Assert.Throws<ObjectDisposedException>(() => start.Read(new WeightSlice(weight, 0, 0), new float[1]));
        var rule = new Momentum(_model.Parameters.Trained, 0.9, 0);
        rule.Dispose();
        rule.Dispose();
        Assert.Throws<ObjectDisposedException>(
            () => _backend.Update(_model.Parameters.Trained, new GradientEstimate([]), rule, 1, default));
        var pool = new WorkerPool(2);
        pool.Dispose();
        pool.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pool.Run(1, (_, _) => { }));
    }

    [Fact]
    public void Every_method_refuses_to_go_on_after_it_was_disposed_of_twice()
    {
        Assert.All(OptimizerCatalog.All, method =>
        {
            var optimizer = method.Create(new OptimizerSettings(_model.Parameters)
            {
                Queries = method.Queries,
                Sides = method.Sides[0],
                Directions = method.Directions[0],
            });
            optimizer.Dispose();
            optimizer.Dispose();
            Assert.Throws<ObjectDisposedException>(() => optimizer.Decide(1, null!, 1e-3));
            Assert.Throws<ObjectDisposedException>(() => optimizer.Apply(
                new StepRecord { Step = 1, Skipped = false, LearningRate = 1, Losses = [], Coefficients = [1] }, _backend));
        });
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_is_disposed_of_in_the_middle_of_a_text_ends_it_with_an_error(bool model)
    {
        IDisposable ending = model ? _model : _backend;
        int pieces = 0;
        Assert.Throws<ObjectDisposedException>(() => Generator().Generate(Prompt, 20, onText: _ =>
        {
            pieces++;
            Assert.Null(RaceOf.Elsewhere(ending.Dispose));
        }));
        Assert.Equal(1, pieces);
    }

    [Fact]
    public unsafe void The_operation_in_progress_keeps_weights_and_threads()
    {
        var weight = _model.Parameters.All[0];
        float expected = *(float*)weight.Data;
        float found = float.NaN;
        _backend.RowSquares([weight], new Ending((p, row) =>
        {
            if (row == 0)
            {
                Assert.Null(RaceOf.Elsewhere(() =>
                {
                    _model.Dispose();
                    _backend.Dispose();
                }));
                found = *(float*)p.Data;
            }
        }));
        Assert.Equal(expected, found);
        Assert.Throws<ObjectDisposedException>(() => Address(weight));
        Assert.Throws<ObjectDisposedException>(() => _backend.Parallel(1, _ => { }));
    }

    [Fact]
    public void Threads_that_generate_while_others_dispose_get_the_right_text_or_an_error()
    {
        string expected = Generator().Generate(Prompt, 3).Text;
        for (int round = 0; round < 40; round++)
        {
            var model = ModelLoader.Load(TestData.Path("models", "stories260K"));
            var backend = new CpuBackend(2);
            var generator = new TextGenerator(model, ModelLoader.Tokenizer(model.Checkpoint), backend);
            RaceOf.Threads(4, thread =>
            {
                switch (thread)
                {
                    case 0 or 1:
                        try
                        {
                            for (int i = 0; i < 10; i++)
                            {
                                Assert.Equal(expected, generator.Generate(Prompt, 3).Text);
                            }
                        }
                        catch (InvalidOperationException)
                        {
                            // Refused, or disposed of.
                        }

                        break;
                    case 2:
                        backend.Dispose();
                        break;
                    default:
                        model.Dispose();
                        model.Dispose();
                        break;
                }
            });
        }
    }

    private TextGenerator Generator() => new(_model, ModelLoader.Tokenizer(_model.Checkpoint), _backend);

    private static TokenBatch Batch() => new TokenBatchBuilder().WithText([1, 2, 3]);

    private static unsafe void Address(Parameter parameter) => _ = *parameter.Data;

    private static unsafe void Address(TensorEntry tensor) => _ = *tensor.Data;

    private sealed class Ending(Action<Parameter, int> callback) : Direction
    {
        public override void Fill(Parameter parameter, int row, int column, Span<float> destination)
        {
            callback(parameter, row);
            destination.Clear();
        }
    }
}

internal static class Texts
{
    /// <summary>The batch of one text whose last token is read.</summary>
    public static TokenBatch WithText(this TokenBatchBuilder builder, int[] ids)
    {
        builder.Read(builder.AddText(ids), ids.Length - 1);
        return builder.Build();
    }
}
