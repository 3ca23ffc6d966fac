using IlZo.Tensors;

namespace IlZo.Backends.Cpu;

/// <summary>Some outputs of a linear layer, which one worker packs and multiplies.</summary>
/// <param name="Weight">The tensor.</param>
/// <param name="Layout">How it is stored.</param>
/// <param name="First">The first output of the block; a multiple of 64 where outputs are columns.</param>
/// <param name="Outputs">Outputs of the block.</param>
/// <param name="Points">The points to read at: the pass's, or one where none of them moves this tensor.</param>
/// <param name="Scratch">The worker's buffers.</param>
internal readonly record struct WeightBlock(
    Parameter Weight, WeightLayout Layout, int First, int Outputs, PassPoints Points, WorkerScratch Scratch);
