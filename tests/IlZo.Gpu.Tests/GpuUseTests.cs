using IlZo.Backends;
using IlZo.Core.Tests.Models;
using IlZo.Core.Tests.Use;
using IlZo.Models;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;

namespace IlZo.Gpu.Tests;

/// <summary>As on the CPU, two users of a device at a time get the right numbers or an error.</summary>
public sealed class GpuUseTests : IDisposable
{
    private readonly ForwardFixture _fixture = new("opt-tiny", threads: 1);
    private readonly TestDevice _device = new();
    private readonly TokenBatch _batch = ForwardFixture.Batch([1, 2, 3]);

    public GpuUseTests() => _device.Backend.Load(_fixture.Model.Parameters);

    public void Dispose()
    {
        _device.Dispose();
        _fixture.Dispose();
    }

    [Fact]
    public void A_pass_that_another_thread_has_replaced_ends_with_an_error_and_the_other_with_the_right_numbers()
    {
        double[] expected = Pass();
        var pass = _device.Backend.Begin(_batch, [Probe.Unperturbed]);
        var hidden = _fixture.Model.Forward(pass);
        Assert.Null(RaceOf.Elsewhere(() => Assert.Equal(expected, Pass())));
        Assert.Throws<InvalidOperationException>(() => pass.LogProbabilities(hidden, _fixture.Model.Head, [(0, 1)]));
        pass = _device.Backend.Begin(_batch, [Probe.Unperturbed]);
        Assert.Throws<InvalidOperationException>(() => pass.LogProbabilities(hidden, _fixture.Model.Head, [(0, 1)]));
        Assert.Throws<InvalidOperationException>(() => _fixture.Model.Forward(pass, (_, _) => Pass()));
        Assert.Throws<InvalidOperationException>(() => _device.Backend.Parallel(1, _ => Pass()));
        Assert.Equal(expected, Pass());
    }

    [Fact]
    public void A_model_that_was_disposed_of_is_gone_on_the_device_too()
    {
        _fixture.Model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Pass());
        Assert.Throws<ObjectDisposedException>(() => _device.Backend.Store(_fixture.Model.Parameters));
    }

    [Fact]
    public void After_it_was_disposed_of_twice_every_call_is_refused()
    {
        var backend = _device.Backend;
        var all = _fixture.Model.Parameters;
        var pass = backend.Begin(_batch, [Probe.Unperturbed]);
        var x = _fixture.Model.Forward(pass);
        using var rule = new Sgd();
        using var state = new ParameterState(all.All);
        using var copy = new WeightCopy(all.All);
        backend.Dispose();
        backend.Dispose();
        Action[] calls =
        [
            () => backend.Load(all),
            () => backend.Store(all),
            () => backend.Store(state),
            () => backend.Keep(copy),
            () => backend.CreateCache(1, 1, 1),
            () => backend.Begin(_batch, [Probe.Unperturbed]),
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
            () => pass.LogProbabilities(x, _fixture.Model.Head, []),
            () => pass.Logits(x, _fixture.Model.Head, new float[_fixture.Model.Head.Rows]),
            () => pass.Read(x, 0, new float[1]),
            () => backend.Update(all.Trained, new GradientEstimate([]), rule, 1, default),
            () => backend.Parallel(1, _ => { }),
            () => backend.RowSquares(all.Trained, null!),
            () => backend.Multiply(all.Trained, null!, [], weighted: true),
            () => _fixture.Model.Forward(pass),
        ];
        Assert.All(calls, call => Assert.Throws<ObjectDisposedException>(call));
    }

    private double[] Pass()
    {
        var pass = _device.Backend.Begin(_batch, [Probe.Unperturbed]);
        return pass.LogProbabilities(_fixture.Model.Forward(pass), _fixture.Model.Head, [(0, 1)])[0];
    }
}
