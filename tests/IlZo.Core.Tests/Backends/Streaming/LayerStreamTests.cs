using IlZo.Backends.Streaming;
using IlZo.Noise;
using IlZo.Optimizers;
using IlZo.Perturbations;
using IlZo.Tensors;
using IlZo.Updates;
using Xunit;

namespace IlZo.Core.Tests.Backends.Streaming;

/// <summary>When layers are brought and written, on a device whose work goes on after it was begun.</summary>
public sealed unsafe class LayerStreamTests
{
    private const int Layers = 5;

    // Passes in their order, passes that are given up, updates one by one and many at a time, layers out of turn.
    [Theory]
    [InlineData(1, 5)]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    public void A_layer_is_computed_with_all_its_updates_and_nothing_happens_to_its_room_meanwhile(int writeEvery, int streamed)
    {
        float[] memory = new float[Layers];
        fixed (float* data = memory)
        {
            using var file = new TempFile();
            float* weights = data;
            var tensors = Enumerable.Range(0, Layers).Select(i => new Parameter($"t{i}", [1, 1], DType.F32, (byte*)(weights + i))
            {
                Layer = i,
                Place = new(file.Path, file.Handle, 4 * i),
            });
            using var set = new ParameterSet(tensors, []);
            var plan = StreamPlan.Of(set, Layers, (Layers - streamed) * sizeof(float)) with { WriteEvery = writeEvery };
            Assert.Equal(streamed, plan.Count);
            using var rule = new Sgd();
            var random = new Random(writeEvery);
            using var device = new Device(set, plan);
            int updates = 0;
            for (int i = 0; i < 300; i++)
            {
                switch (random.Next(6))
                {
                    case 0:
                        device.Settle();
                        Assert.All(set.All.Where(plan.Streams), p => Assert.Equal(updates, *(float*)p.Data));
                        break;
                    case 1 or 2:
                        for (int left = random.Next(1, 8); left > 0; left--)
                        {
                            device.Updates = ++updates;
                            device.Add([new WeightUpdate(set.Trained, new GradientEstimate([]), rule, 1, default)]);
                        }

                        break;
                    case 3:
                        device.Enter(random.Next(Layers));
                        break;
                    default:
                        for (int layer = 0; layer < Layers; layer++)
                        {
                            device.Enter(layer);
                            device.Leave(layer);
                        }

                        break;
                }
            }

            device.Settle();
            Assert.True(updates > 0);
        }
    }

    /// <summary>Weights are how many updates they have had.</summary>
    private sealed class Device(ParameterSet parameters, StreamPlan plan) : LayerStream(parameters, plan)
    {
        private readonly float[] _rooms = new float[2];

        // Work that was begun and has not ended reads the room.
        private readonly bool[] _isComputed = new bool[2];

        public int Updates { get; set; }

        protected override void Bring(int layer, int room)
        {
            Assert.False(_isComputed[room]);
            _rooms[room] = *Where(layer);
        }

        protected override void Write(int layer, int room)
        {
            Assert.False(_isComputed[room]);
            *Where(layer) = _rooms[room];
        }

        protected override void Use(int layer, int room, LayerUpdates updates)
        {
            _isComputed[room] = true;
            _rooms[room] += updates.Waiting.Count;
            Assert.Equal(Updates, _rooms[room]);
            Assert.Equal(layer, Entered);
        }

        protected override void Release(int layer)
        {
        }

        protected override void Finish() => Array.Clear(_isComputed);

        private float* Where(int layer) => (float*)Parameters.All[layer].Data;
    }

    private sealed class TempFile : IDisposable
    {
        private readonly TempFolder _folder = new();

        public TempFile() => Handle = File.OpenHandle(Path, FileMode.Create, FileAccess.ReadWrite);

        public string Path => System.IO.Path.Combine(_folder.Path, "weights");

        public Microsoft.Win32.SafeHandles.SafeFileHandle Handle { get; }

        public void Dispose()
        {
            Handle.Dispose();
            _folder.Dispose();
        }
    }
}
