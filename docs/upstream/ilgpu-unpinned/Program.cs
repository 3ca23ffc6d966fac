// ILGPU 1.5.3: CopyToCPU(stream, ref T, long) takes the address of an array without pinning it and then allocates an object. Where
// that allocation begins a collection that moves the array, the copy goes to where the array was. No GPU is needed: the program
// counts the arrays that did not receive what was copied to them, and ends with 1 where there are some.
using System;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

const int Copies = 2_000_000;
using var context = Context.Create(b => b.CPU());
using var accelerator = context.CreateCPUAccelerator(0);
using var buffer = accelerator.Allocate1D(new int[] { 1, 2, 3, 4 });
int lost = 0;
for (int i = 0; i < Copies; i++)
{
    int[] array = new int[4];
    buffer.View.CopyToCPU(accelerator.DefaultStream, ref array[0], array.Length);
    lost += array[3] == 4 ? 0 : 1;
}

Console.WriteLine($"{lost} of {Copies} copies went elsewhere.");
return lost == 0 ? 0 : 1;
