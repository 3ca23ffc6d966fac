using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using IlZo.Checkpoints;
using IlZo.Files;
using IlZo.Training;

namespace IlZo.Reporting;

/// <summary>
/// The metrics of a run as an event file of TensorBoard: records of TFRecord, each an <c>Event</c> in protobuf with scalars in
/// <c>simple_value</c>. Source: tensorflow/core/lib/io/record_writer.cc; tensorflow/core/util/event.proto and
/// tensorflow/core/framework/summary.proto.
/// </summary>
internal static class TensorBoardEvents
{
    // A name of its own, so that another export replaces this one: TensorBoard reads all files of a folder as one.
    private const string FileName = "events.out.tfevents.ilzo";

    private const string Version = "brain.Event:2";
    private const uint MaskDelta = 0xa282ead8;

    /// <summary>Writes the event file of a run into a folder, which is made where it is missing.</summary>
    /// <returns>The file.</returns>
    /// <exception cref="IOException">Writing failed.</exception>
    /// <exception cref="InvalidInputException">The metrics are missing, or are not as a run writes them.</exception>
    public static string Write(string folder, RunFolder run)
    {
        Directory.CreateDirectory(folder);

        // Metrics have no times: all events have that of the last one.
        double time = (File.GetLastWriteTimeUtc(run.MetricsFile) - DateTime.UnixEpoch).TotalSeconds;
        string path = Path.Combine(folder, FileName);
        AtomicFile.Write(path, file =>
        {
            var stream = new BufferedStream(file, 1 << 16);
            var message = new ArrayBufferWriter<byte>();
            BeginEvent(message, time, 0);
            WriteBytes(message, 3, Encoding.ASCII.GetBytes(Version));
            WriteRecord(stream, message.WrittenSpan);
            var summary = new ArrayBufferWriter<byte>();
            var value = new ArrayBufferWriter<byte>();
            new MetricsReader(run.MetricsFile).Read(line =>
            {
                summary.ResetWrittenCount();
                foreach (var field in line.Fields.Where(f => double.IsFinite(f.Value)))
                {
                    value.ResetWrittenCount();
                    WriteBytes(value, 1, Encoding.UTF8.GetBytes(TagOf(field.Name)));
                    WriteFloat(value, 2, (float)field.Value);
                    WriteBytes(summary, 1, value.WrittenSpan);
                }

                if (summary.WrittenCount > 0)
                {
                    message.ResetWrittenCount();
                    BeginEvent(message, time, line.Step);
                    WriteBytes(message, 5, summary.WrittenSpan);
                    WriteRecord(stream, message.WrittenSpan);
                }
            });
            stream.Flush();
        });
        return path;
    }

    /// <summary>The tag of a field: <c>dev/loss</c>, <c>zero_shot/loss</c>, and <c>train/…</c> for those of steps.</summary>
    internal static string TagOf(string field) =>
        ((string[])["dev", "zero_shot"]).FirstOrDefault(p => field.StartsWith(p + "_", StringComparison.Ordinal)) is { } prefix
            ? $"{prefix}/{field[(prefix.Length + 1)..]}"
            : $"train/{field}";

    /// <summary>The checksum of a record's parts: CRC-32C, rotated and moved.</summary>
    internal static uint MaskedChecksum(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc = BitOperations.Crc32C(crc, b);
        }

        return BitOperations.RotateRight(~crc, 15) + MaskDelta;
    }

    private static void WriteRecord(Stream stream, ReadOnlySpan<byte> data)
    {
        Span<byte> length = stackalloc byte[sizeof(ulong)];
        Span<byte> checksum = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)data.Length);
        stream.Write(length);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, MaskedChecksum(length));
        stream.Write(checksum);
        stream.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, MaskedChecksum(data));
        stream.Write(checksum);
    }

    private static void BeginEvent(ArrayBufferWriter<byte> message, double time, long step)
    {
        WriteTag(message, 1, wireType: 1);
        BinaryPrimitives.WriteDoubleLittleEndian(message.GetSpan(sizeof(double)), time);
        message.Advance(sizeof(double));
        WriteTag(message, 2, wireType: 0);
        Varint.Write(message, (ulong)step);
    }

    private static void WriteBytes(ArrayBufferWriter<byte> message, int field, ReadOnlySpan<byte> bytes)
    {
        WriteTag(message, field, wireType: 2);
        Varint.Write(message, (ulong)bytes.Length);
        message.Write(bytes);
    }

    private static void WriteFloat(ArrayBufferWriter<byte> message, int field, float value)
    {
        WriteTag(message, field, wireType: 5);
        BinaryPrimitives.WriteSingleLittleEndian(message.GetSpan(sizeof(float)), value);
        message.Advance(sizeof(float));
    }

    private static void WriteTag(ArrayBufferWriter<byte> message, int field, int wireType) =>
        Varint.Write(message, (ulong)((field << 3) | wireType));
}
